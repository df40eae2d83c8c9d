package season

// style is a kind of product of the brand, in the vendor's words (version 2).
type style struct {
	letters     string // of its numbers
	noun        string
	productType string
	line        string
	category    string
	gender, age string
	sleeve      string
	heel        string
	fits        []string
	sizeType    string
	sizeName    string
	sizes       []string // in order; a product has 4 to 8 neighbours of them, or all when they are fewer
	cloths      []cloth
	composition string
	detail      string
}

// cloth is what a product is made of: as tags, and as the display name says it.
type cloth struct {
	word, fabric, material, care string
}

// colour is a colour or pattern of the season.
type colour struct {
	name, colors, hex, slug string
	pattern                 bool
}

// colourStep is prime to the number of colours, so that a product's colours differ.
const colourStep = 7

var colours = []colour{
	{"Black", "BLACK", "000000", "black", false},
	{"Optic white", "WHITE", "ffffff", "optic-white", false},
	{"Ecru", "OFF_WHITE", "f3ead7", "ecru", false},
	{"Navy", "BLUE", "1f2a44", "navy", false},
	{"Sky", "BLUE", "8fc1e3", "sky", false},
	{"Maraschino", "RED", "c8102e", "maraschino", false},
	{"Burnt sienna", "ORANGE|BROWN", "b7472a", "burnt-sienna", false},
	{"Sage", "GREEN", "9caf88", "sage", false},
	{"Forest", "GREEN", "0b3d2e", "forest", false},
	{"Rosé", "PINK", "e8b4b8", "rose", false},
	{"Fuchsia", "PINK|PURPLE", "c2185b", "fuchsia", false},
	{"Lilac", "PURPLE", "c8a2c8", "lilac", false},
	{"Lemon", "YELLOW", "fff44f", "lemon", false},
	{"Camel", "BEIGE|BROWN", "c19a6b", "camel", false},
	{"Sand", "BEIGE", "d8c3a5", "sand", false},
	{"Grey mélange", "GREY", "9e9e9e", "grey-melange", false},
	{"Petrol", "TURQUOISE|BLUE", "005f6b", "petrol", false},
	{"Champagne", "GOLD|METALLIC", "f7e7ce", "champagne", false},
	{"Breton stripe", "BLUE|WHITE", "1f2a44|ffffff", "breton-stripe", true},
	{"Gingham", "RED|WHITE", "c8102e|ffffff", "gingham", true},
	{"Meadow print", "MULTI", "9caf88|e8b4b8|fff44f", "meadow-print", true},
	{"Prince of Wales check", "GREY|BLACK", "9e9e9e|000000", "prince-of-wales", true},
}

var (
	givenNames = []string{"Amara", "Bente", "Carla", "Dora", "Elin", "Fleur", "Greta", "Hanne", "Ida", "Jette", "Kaja",
		"Lotte", "Mila", "Nora", "Oda", "Pia", "Romy", "Siri", "Tove", "Una", "Vera", "Wanda", "Ylva", "Zoë"}
	looks   = []string{"basic", "casual", "classic", "clean", "minimalistic", "smart", "sportive", "street", "business", "casual|classic"}
	origins = []string{"Portugal", "Italy", "Türkiye", "Lithuania", "Romania", "India", "Bangladesh", "Tunisia"}
	themes  = []string{"", "", "Riviera", "Atelier", "Riviera|Atelier", "Sea & Salt"}

	letterSizes = []string{"XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL"}
	womenSizes  = []string{"32", "34", "36", "38", "40", "42", "44", "46", "48"}
	menSizes    = []string{"44", "46", "48", "50", "52", "54", "56", "58"}
	jeansSizes  = []string{"W26L30", "W27L30", "W28L30", "W28L32", "W29L32", "W30L32", "W31L32", "W32L32", "W32L34", "W33L34", "W34L34", "W36L34"}
	womenShoes  = []string{"36", "36.5", "37", "37.5", "38", "38.5", "39", "40", "41", "42"}
	menShoes    = []string{"40", "41", "42", "42.5", "43", "44", "44.5", "45", "46"}
	heights     = []string{"92", "98", "104", "110", "116", "122", "128", "134", "140"}
	babyAges    = []string{"1M", "3M", "6M", "9M", "12M", "18M", "24M"}
	oneSize     = []string{""}

	linen   = cloth{"Linen", "linen|woven", "", "Machine wash 30°, do not tumble dry"}
	poplin  = cloth{"Cotton poplin", "woven", "cotton", "Machine wash 40°"}
	jersey  = cloth{"Organic jersey", "jersey", "organic_cotton|elastane", "Machine wash 40°"}
	satin   = cloth{"Satin", "satin|woven", "viscose", "Hand wash, iron on low"}
	silk    = cloth{"Silk", "woven", "silk", "Dry clean only"}
	merino  = cloth{"Merino", "knit", "merino-wool", "Wool wash 30°, dry flat"}
	sweat   = cloth{"Sweat", "sweat|jersey", "cotton|polyester", "Machine wash 30°, inside out"}
	denim   = cloth{"Denim", "denim", "cotton", "Machine wash 30°, inside out"}
	stretch = cloth{"Stretch denim", "denim|denim-stretch", "cotton|elastane", "Machine wash 30°, inside out"}
	twill   = cloth{"Twill", "twill|woven", "cotton|elastane", "Machine wash 30°"}
	wool    = cloth{"Wool", "woven", "wool|polyester", "Dry clean only"}
	leather = cloth{"Leather", "", "leather", "Wipe with a damp cloth"}
	suede   = cloth{"Suede", "suede", "leather", "Brush when dry"}
	softly  = cloth{"Softshell", "softshell|water_repellent|wind_resistant", "polyester|elastane", "Machine wash 30°, no softener"}
)

var styles = []style{
	{letters: "LD", noun: "Midi dress", productType: "CLOTHING", line: "Studio", category: "clothing/dress/midi-dress", gender: "female", age: "adult",
		sleeve: "short", fits: []string{"straight", "comfort", ""}, sizeType: "EuWomenSize", sizes: womenSizes, cloths: []cloth{linen, poplin, satin, silk},
		composition: "ON_MODEL", detail: "cut below the knee, with side pockets and a belt of its own."},
	{letters: "LB", noun: "Blouse", productType: "CLOTHING", line: "Studio", category: "clothing/shirt_blouse", gender: "female", age: "adult",
		sleeve: "long", fits: []string{"loose_fit", "straight"}, sizeType: "EuWomenSize", sizes: womenSizes, cloths: []cloth{poplin, satin, silk, linen},
		composition: "ON_MODEL", detail: "with a hidden placket and wide cuffs."},
	{letters: "LT", noun: "T-shirt", productType: "CLOTHING", line: "Essentials", category: "clothing/top_t-shirt/t-shirt", gender: "female", age: "adult",
		sleeve: "short", fits: []string{"slim_fit", "straight", "cropped"}, sizeType: "CategoricalSize", sizes: letterSizes, cloths: []cloth{jersey},
		composition: "GHOST_MANNEQUIN", detail: "with a round neck; the sort one keeps for years."},
	{letters: "LS", noun: "Midi skirt", productType: "CLOTHING", line: "Studio", category: "clothing/skirt/midi-skirt", gender: "female", age: "adult",
		sizeType: "EuWomenSize", sizes: womenSizes, cloths: []cloth{linen, satin, denim, wool}, composition: "ON_MODEL",
		detail: "on a bias, with a zip at the side."},
	{letters: "LJ", noun: "Jeans", productType: "CLOTHING", line: "Denim", category: "clothing/jeans", gender: "female", age: "adult",
		fits: []string{"mom", "skinny", "boyfriend", "bootcut|high_rise"}, sizeType: "JeansSize", sizes: jeansSizes, cloths: []cloth{denim, stretch},
		composition: "ON_MODEL", detail: "with five pockets and a washed hem."},
	{letters: "MS", noun: "Shirt", productType: "CLOTHING", line: "Essentials", category: "clothing/shirt_blouse", gender: "male", age: "adult",
		sleeve: "long", fits: []string{"slim_fit", "modern", "comfort"}, sizeType: "CategoricalSize", sizes: letterSizes, cloths: []cloth{poplin, linen, twill},
		composition: "FLAT", detail: "with a button-down collar and a pleat at the back."},
	{letters: "MC", noun: "Chino", productType: "CLOTHING", line: "Essentials", category: "clothing/pants/chino", gender: "male", age: "adult",
		fits: []string{"tapered", "straight", "slim_fit"}, sizeType: "EuMenSize", sizes: menSizes, cloths: []cloth{twill}, composition: "ON_MODEL",
		detail: "with a little stretch, and welt pockets behind."},
	{letters: "MB", noun: "Blazer", productType: "CLOTHING", line: "Studio", category: "clothing/blazer_waistcoat/blazer", gender: "male", age: "adult",
		sleeve: "long", fits: []string{"tailored", "modern"}, sizeType: "EuMenSize", sizes: menSizes, cloths: []cloth{wool, linen}, composition: "ON_MODEL",
		detail: "half lined, with two buttons and patch pockets."},
	{letters: "UH", noun: "Hoodie", productType: "CLOTHING", line: "Essentials", category: "clothing/jumper_cardigan/hoodie", gender: "unisex", age: "adult",
		sleeve: "long", fits: []string{"comfort", "loose_fit"}, sizeType: "CategoricalSize", sizes: letterSizes, cloths: []cloth{sweat},
		composition: "GHOST_MANNEQUIN", detail: "brushed inside, with a kangaroo pocket."},
	{letters: "UP", noun: "Parka", productType: "CLOTHING", line: "Outdoor", category: "clothing/jacket/parka", gender: "unisex", age: "adult",
		sleeve: "long", sizeType: "CategoricalSize", sizes: letterSizes, cloths: []cloth{softly}, composition: "ON_MODEL",
		detail: "with taped seams; the hood comes off."},
	{letters: "LK", noun: "Cardigan", productType: "CLOTHING", line: "Studio", category: "clothing/jumper_cardigan/cardigan", gender: "female", age: "adult",
		sleeve: "long", sizeType: "CategoricalSize", sizes: letterSizes, cloths: []cloth{merino}, composition: "FLAT", detail: "ribbed, with buttons of horn."},
	{letters: "KP", noun: "Kids' sweatpants", productType: "CLOTHING", line: "Kids", category: "clothing/pants/sweatpants", gender: "unisex", age: "kids",
		sizeType: "ChildrenSize", sizes: heights, cloths: []cloth{sweat}, composition: "FLAT", detail: "with a drawstring that stays in."},
	{letters: "KT", noun: "Kids' T-shirt", productType: "CLOTHING", line: "Kids", category: "clothing/top_t-shirt/t-shirt", gender: "unisex", age: "kids",
		sleeve: "short", sizeType: "ChildrenSize", sizes: heights, cloths: []cloth{jersey}, composition: "FLAT", detail: "with snaps at the shoulder."},
	{letters: "BB", noun: "Baby body", productType: "CLOTHING", line: "Kids", category: "clothing/body", gender: "unisex", age: "baby",
		sleeve: "long", sizeType: "ChildrenAgeSize", sizes: babyAges, cloths: []cloth{jersey}, composition: "FLAT", detail: "with an envelope neck."},
	{letters: "LF", noun: "Trainers", productType: "FOOTWEAR", line: "Shoes", category: "footwear/trainers", gender: "female", age: "adult",
		heel: "flat", sizeType: "EuShoeSize", sizes: womenShoes, cloths: []cloth{leather, suede}, composition: "FREE_STANDING",
		detail: "on a cupsole of natural rubber."},
	{letters: "LP", noun: "Pumps", productType: "FOOTWEAR", line: "Shoes", category: "footwear/pumps", gender: "female", age: "adult",
		heel: "high_heel", sizeType: "EuShoeSize", sizes: womenShoes, cloths: []cloth{leather, suede}, composition: "FREE_STANDING",
		detail: "with a heel of 8 cm and a padded sole."},
	{letters: "MF", noun: "Loafers", productType: "FOOTWEAR", line: "Shoes", category: "footwear/loafers", gender: "male", age: "adult",
		heel: "flat", sizeType: "EuShoeSize", sizes: menShoes, cloths: []cloth{leather, suede}, composition: "FREE_STANDING",
		detail: "stitched by hand, and not lined."},
	{letters: "AB", noun: "Handbag", productType: "CLOTHING", line: "Accessories", category: "clothing/accessory/bag/handbag", gender: "female", age: "adult",
		sizeType: "OneSize", sizes: oneSize, cloths: []cloth{leather, suede}, composition: "FREE_STANDING", detail: "with room for a tablet and a strap to wear it crosswise."},
	{letters: "AS", noun: "Scarf", productType: "CLOTHING", line: "Accessories", category: "clothing/accessory/scarf", gender: "unisex", age: "adult",
		sizeType: "OneSize", sizes: oneSize, cloths: []cloth{merino, silk, linen}, composition: "FLAT", detail: "180 by 60 cm, with rolled edges."},
	{letters: "HC", noun: "Blanket", productType: "FURNITURE", line: "Home", category: "furniture/textiles/blanket", gender: "", age: "",
		sizeType: "OtherSize", sizeName: "Blanket size", sizes: []string{"100 x 150 cm", "130 x 170 cm", "150 x 200 cm", "200 x 220 cm"},
		cloths: []cloth{merino, linen}, composition: "LIFESTYLE", detail: "woven double, with a fringe."},
}
