package main

// A style is one product of the season as its designer lists it.
type style struct {
	number, name, text              string
	category                        string // tags, separated by | as in the sheet
	fabric, material, print, fit    string
	sleeve, look, occasion, heel    string
	run                             string // of runs: the sizes it comes in
	colours                         string // of palette, separated by blanks
	composition, care, origin, line string
}

// A colour is one of the season's palette.
type colour struct{ name, group, hex, code string }

var palette = map[string]colour{
	"ink":     {"Ink Blue", "BLUE", "1b2a4a", "4010"},
	"sky":     {"Sky", "BLUE", "a7c7e7", "4002"},
	"indigo":  {"Washed Indigo", "BLUE", "3f5a7d", "4025"},
	"black":   {"Black", "BLACK", "0a0a0a", "9000"},
	"chalk":   {"Chalk", "OFF_WHITE", "f4f1e8", "0102"},
	"white":   {"Optic White", "WHITE", "ffffff", "0100"},
	"sand":    {"Sand", "BEIGE", "d8c6a3", "1204"},
	"cognac":  {"Cognac", "BROWN", "9a5b2f", "8110"},
	"poppy":   {"Poppy", "RED", "e03c31", "3301"},
	"blush":   {"Blush", "PINK", "f2c6c2", "3105"},
	"fuchsia": {"Fuchsia", "PINK", "c2287e", "3120"},
	"sage":    {"Sage", "GREEN", "9caf88", "6104"},
	"palm":    {"Palm", "GREEN", "2f5d3a", "6120"},
	"sun":     {"Sunflower", "YELLOW", "f3b61f", "2104"},
	"apricot": {"Apricot", "ORANGE", "f5a66b", "2210"},
	"lilac":   {"Lilac", "PURPLE", "b9a3d0", "5103"},
	"lagoon":  {"Lagoon", "TURQUOISE", "2aa7a1", "6603"},
	"stone":   {"Stone", "GREY", "8d8d86", "9203"},
	"gold":    {"Pale Gold", "GOLD", "d4b26a", "9901"},
	"silver":  {"Silver", "SILVER|METALLIC", "c0c0c0", "9905"},
	"breton":  {"Breton Stripe", "WHITE|BLUE", "ffffff|1b2a4a", "7101"},
	"meadow":  {"Meadow Flower", "MULTI", "9caf88|f2c6c2|f3b61f", "7205"},
	"gingham": {"Cherry Gingham", "RED|WHITE", "e03c31|ffffff", "7302"},
	"leopard": {"Leopard", "BROWN|BLACK", "9a5b2f|0a0a0a", "7404"},
}

// A run is the sizes that a style comes in.
type run struct {
	kind, name string // size_type, size_name
	sizes      []string
}

var runs = map[string]run{
	"alpha":    {"CategoricalSize", "", []string{"XS", "S", "M", "L", "XL"}},
	"alphaS":   {"CategoricalSize", "", []string{"S", "M", "L"}},
	"alphaDbl": {"CategoricalSize", "", []string{"XS-S", "M-L", "XL-XXL"}},
	"words":    {"CategoricalSize", "", []string{"small", "medium", "large", "x-large"}},
	"eu":       {"EuWomenSize", "", []string{"34", "36", "38", "40", "42"}},
	"euLong":   {"EuWomenSize", "", []string{"34", "36", "38", "40", "42", "44", "46"}},
	"uk":       {"UkWomenSize", "", []string{"8", "10", "12", "14", "16"}},
	"jeans":    {"JeansSize", "", []string{"W25L30", "W26L30", "W27L30", "W28L32", "W29L32", "W30L32"}},
	"waist":    {"JeansSize", "", []string{"26", "27", "28", "29", "30", "31"}},
	"shoes":    {"EuShoeSize", "", []string{"36", "37", "38", "39", "40", "41"}},
	"halves":   {"EuShoeSize", "", []string{"36", "36.5", "37.5", "38", "38.5", "39", "40"}},
	"flips":    {"EuShoeSize", "", []string{"36-37", "38-39", "40-41"}},
	"one":      {"OneSize", "", []string{""}},
	"cups":     {"OtherSize", "Bra size", []string{"70B", "75B", "75C", "80B", "80C"}},
	"belts":    {"OtherSize", "Belt length", []string{"75", "85", "95"}},
}

const (
	gentle  = "Machine wash at 30 °C, gentle cycle"
	hand    = "Hand wash only"
	dry     = "Dry clean only"
	wipe    = "Wipe clean with a damp cloth"
	machine = "Machine wash at 40 °C"
)

var styles = []style{
	// dresses
	{"2210-101", "Amalfi Wrap Dress", "Midi wrap dress in fluid viscose with a tie at the waist.", "dress|midi-dress", "woven", "viscose", "floral", "", "short", "boho", "", "", "eu", "meadow poppy", "100% viscose", gentle, "Portugal", "Riviera"},
	{"2210-102", "Ravello Maxi Dress", "Tiered maxi dress with smocked bodice and ruffled straps.", "dress|maxi-dress", "woven", "cotton", "uni", "loose_fit", "sleeveless", "boho", "", "", "alpha", "chalk sun", "100% cotton", gentle, "India", "Riviera"},
	{"2210-103", "Positano Mini Dress", "Short A-line dress in broderie anglaise, fully lined.", "dress|mini-dress", "lace", "cotton", "no", "", "short", "casual", "", "", "eu", "white", "100% cotton, lining 100% cotton", machine, "India", "Riviera"},
	{"2210-104", "Capri Shirt Dress", "Belted shirt dress in washed linen with chest pockets.", "dress|midi-dress", "linen", "cotton", "stripes", "straight", "3_4_length", "classic", "", "", "eu", "breton", "55% linen, 45% cotton", gentle, "Portugal", "Essentials"},
	{"2210-105", "Sorrento Slip Dress", "Bias-cut slip dress in silk satin with adjustable straps.", "dress|cocktail", "satin", "silk", "uni", "slim_fit", "sleeveless", "glamorous", "evening", "", "eu", "black lilac", "100% silk", dry, "Italy", "Atelier"},
	{"2210-106", "Lido Jersey Dress", "Easy T-shirt dress in heavyweight organic jersey.", "dress|mini-dress", "jersey", "organic_cotton", "uni", "comfort", "short", "basic", "", "", "alpha", "ink", "100% organic cotton", machine, "Turkey", "Essentials"},
	{"2210-107", "Siena Gown", "Floor-length gown with draped neckline and open back.", "dress|gown", "satin", "polyester", "uni", "tailored", "sleeveless", "statement", "wedding|evening", "", "euLong", "lagoon", "97% polyester, 3% elastane", dry, "Italy", "Atelier"},
	{"2210-108", "Portofino Sun Dress", "Sun dress in gingham seersucker with a square neck.", "dress|midi-dress", "woven", "cotton", "check", "", "sleeveless", "casual", "", "", "uk", "gingham", "98% cotton, 2% elastane", machine, "Portugal", "Riviera"},
	// shirts and blouses
	{"2220-201", "Como Silk Blouse", "Silk blouse with covered placket and soft cuffs.", "shirt_blouse", "satin", "silk", "uni", "", "long", "business", "business", "", "eu", "chalk", "100% silk", dry, "Italy", "Atelier"},
	{"2220-202", "Garda Poplin Shirt", "Crisp poplin shirt, slightly oversized, with back pleat.", "shirt_blouse", "woven", "cotton", "stripes", "loose_fit", "long", "classic", "", "", "alpha", "breton", "100% cotton", machine, "Portugal", "Essentials"},
	{"2220-203", "Orta Linen Shirt", "Washed linen shirt with grandad collar.", "shirt_blouse", "linen", "", "uni", "comfort", "long", "casual", "", "", "alpha", "sage", "100% linen", gentle, "Lithuania", "Essentials"},
	{"2220-204", "Lugano Peplum Blouse", "Blouse with peplum hem and puff sleeves.", "shirt_blouse", "woven", "viscose", "dots", "", "short", "smart", "", "", "eu", "ink", "100% viscose", gentle, "Portugal", "Riviera"},
	{"2220-205", "Iseo Off-Shoulder Blouse", "Elasticated off-the-shoulder blouse in cotton voile.", "shirt_blouse", "woven", "cotton", "no", "", "off_the_shoulder", "boho", "", "", "alphaS", "white apricot", "100% cotton", gentle, "India", "Riviera"},
	{"2220-206", "Maggiore Lace Blouse", "Sheer lace blouse with camisole and scalloped hem.", "shirt_blouse", "lace", "polyamide", "no", "", "3_4_length", "glamorous", "evening", "", "eu", "black", "82% polyamide, 18% elastane", hand, "Italy", "Atelier"},
	// tops
	{"2230-301", "Everyday Crew Tee", "Crew-neck T-shirt in combed organic cotton.", "top_t-shirt|t-shirt", "jersey", "organic_cotton", "uni", "straight", "short", "basic", "", "", "alpha", "white poppy", "100% organic cotton", machine, "Turkey", "Essentials"},
	{"2230-302", "Graphic Boxy Tee", "Boxy T-shirt with a hand-drawn sun on the chest.", "top_t-shirt|t-shirt", "jersey", "cotton", "artwork", "loose_fit", "short", "street", "", "", "alpha", "chalk sky", "100% cotton", machine, "Turkey", "Studio"},
	{"2230-303", "Breton Long Sleeve", "Striped long-sleeved top with boat neck.", "top_t-shirt|long-sleeves", "jersey", "cotton", "stripes", "", "long", "classic", "", "", "alpha", "breton", "100% cotton", machine, "Portugal", "Essentials"},
	{"2230-304", "Ribbed Tank", "Slim ribbed tank with racer back.", "top_t-shirt|tank-top", "jersey", "cotton", "uni", "slim_fit", "sleeveless", "basic", "", "", "words", "black", "95% cotton, 5% elastane", machine, "Turkey", "Essentials"},
	{"2230-305", "Piqué Polo", "Short-sleeved polo in cotton piqué with mother-of-pearl buttons.", "top_t-shirt|polo", "knit", "cotton", "uni", "", "short", "sportive", "", "", "alpha", "palm", "100% cotton", machine, "Portugal", "Studio"},
	{"2230-306", "Smocked Bandeau Top", "Strapless smocked top, lined.", "top_t-shirt|top", "woven", "cotton", "uni", "", "strapless", "festival", "festive", "", "alphaS", "fuchsia", "100% cotton", gentle, "India", "Riviera"},
	{"2230-307", "Crochet Top", "Cropped top crocheted by hand from cotton yarn.", "top_t-shirt|top", "knit", "cotton", "no", "cropped", "sleeveless", "boho", "", "", "alphaDbl", "sand", "100% cotton", hand, "Peru", "Riviera"},
	// knitwear
	{"2240-401", "Fine Merino Cardigan", "Short cardigan in fine merino with ribbed edges.", "jumper_cardigan|cardigan", "knit", "merino-wool", "uni", "", "long", "classic", "", "", "alpha", "blush", "100% merino wool", hand, "Italy", "Essentials"},
	{"2240-402", "Cotton Cable Jumper", "Cable-knit jumper for cool evenings.", "jumper_cardigan|jumper", "knit", "cotton", "no", "comfort", "long", "casual", "", "", "alpha", "chalk", "100% cotton", hand, "Portugal", "Essentials"},
	{"2240-403", "Loopback Hoodie", "Hooded sweatshirt in unbrushed loopback cotton.", "jumper_cardigan|hoodie", "sweat", "organic_cotton", "uni", "loose_fit", "long", "sportive", "", "", "alpha", "stone", "100% organic cotton", machine, "Turkey", "Studio"},
	{"2240-404", "Striped Summer Sweater", "Light sweater in a linen and cotton blend.", "jumper_cardigan|sweater", "knit", "cotton", "stripes", "", "3_4_length", "casual", "", "", "alphaS", "breton", "60% cotton, 40% linen", gentle, "Portugal", "Riviera"},
	// jeans
	{"2250-501", "Edie Straight Jeans", "High-rise straight jeans in rigid denim.", "jeans", "denim", "cotton", "no", "straight|high_rise", "", "classic", "", "", "jeans", "indigo", "100% cotton", machine, "Turkey", "Denim"},
	{"2250-502", "Jude Skinny Jeans", "Skinny jeans with plenty of stretch.", "jeans", "denim-stretch", "cotton|elastane", "no", "skinny|mid_rise", "", "casual", "", "", "jeans", "black", "92% cotton, 6% polyester, 2% elastane", machine, "Turkey", "Denim"},
	{"2250-503", "Maud Mom Jeans", "Relaxed mom jeans, tapered at the ankle.", "jeans", "denim", "cotton", "no", "mom|high_rise", "", "street", "", "", "waist", "sky", "100% organic cotton", machine, "Tunisia", "Denim"},
	{"2250-504", "Farah Flared Jeans", "Flared jeans with a clean hem and patch pockets.", "jeans", "denim-stretch", "cotton|elastane", "no", "flared", "", "boho", "", "", "jeans", "indigo", "98% cotton, 2% elastane", machine, "Tunisia", "Denim"},
	{"2250-505", "Romy Jogjeans", "Jeans with the comfort of jogging trousers.", "jeans|jogjeans", "jogging", "cotton", "no", "comfort", "", "lounge", "", "", "alphaS", "ink", "84% cotton, 13% polyester, 3% elastane", machine, "Turkey", "Denim"},
	// trousers and skirts
	{"2260-601", "Piazza Pleated Trousers", "Pleated trousers with a high waist and wide leg.", "pants|smart-pants", "woven", "viscose", "uni", "high_rise", "", "business", "business", "", "eu", "sand black", "70% viscose, 30% linen", gentle, "Portugal", "Atelier"},
	{"2260-602", "Marina Chino", "Garment-dyed chino with slim leg.", "pants|chino", "twill", "cotton", "uni", "slim_fit", "", "casual", "", "", "eu", "stone", "97% cotton, 3% elastane", machine, "Portugal", "Essentials"},
	{"2260-603", "Terrazza Culottes", "Cropped culottes in airy linen.", "pants|culottes", "linen", "", "uni", "cropped", "", "minimalistic", "", "", "eu", "apricot", "100% linen", gentle, "Lithuania", "Riviera"},
	{"2260-604", "Beach Shorts", "Shorts with a drawstring in terry cotton.", "pants|shorts", "velour", "cotton", "uni", "loose_fit", "", "sportive", "", "", "alpha", "lagoon", "80% cotton, 20% polyester", machine, "Turkey", "Studio"},
	{"2260-605", "Denim Bermuda", "Knee-length bermuda shorts in light denim.", "pants|bermuda", "denim", "cotton", "no", "straight", "", "casual", "", "", "waist", "indigo", "100% cotton", machine, "Tunisia", "Denim"},
	{"2270-701", "Cara Satin Skirt", "Bias-cut midi skirt with elasticated waist.", "skirt|midi-skirt", "satin", "viscose", "uni", "", "", "smart", "", "", "eu", "sage gold", "100% viscose", gentle, "Portugal", "Atelier"},
	{"2270-702", "Nora Denim Mini", "Five-pocket mini skirt with raw hem.", "skirt|mini-skirt", "denim", "cotton", "no", "", "", "street", "", "", "eu", "indigo black", "100% cotton", machine, "Tunisia", "Denim"},
	{"2270-703", "Lola Leopard Skirt", "Pleated maxi skirt with a leopard print.", "skirt|maxi-skirt", "woven", "polyester", "animal", "", "", "statement", "", "", "alphaS", "leopard", "100% recycled polyester", gentle, "China", "Riviera"},
	// jackets and suits
	{"2280-801", "Duomo Blazer", "Single-breasted blazer with soft shoulders.", "blazer_waistcoat|blazer", "woven", "viscose", "uni", "tailored", "long", "business", "business", "", "eu", "sand black", "70% viscose, 30% linen", dry, "Portugal", "Atelier"},
	{"2280-802", "Harbour Trench", "Double-breasted trench coat in cotton gabardine.", "jacket|trench-coat", "water_repellent", "cotton", "uni", "", "long", "classic", "", "", "eu", "sand", "100% cotton", dry, "Italy", "Essentials"},
	{"2280-803", "Vespa Biker Jacket", "Biker jacket in soft lamb leather.", "jacket|biker", "", "leather", "no", "slim_fit", "long", "statement", "", "", "eu", "black", "100% lamb leather, lining 100% viscose", "Leather cleaning only", "Italy", "Studio"},
	{"2280-804", "Light Bomber", "Bomber jacket in matt satin with ribbed cuffs.", "jacket|bomber", "satin", "polyester", "uni", "", "long", "street", "", "", "alpha", "palm ink", "100% polyester", gentle, "China", "Studio"},
	{"2280-805", "Lago Jumpsuit", "Sleeveless jumpsuit with wide leg and sash.", "jumpsuit_playsuit|jumpsuit", "linen", "viscose", "uni", "", "sleeveless", "minimalistic", "", "", "eu", "ink", "55% linen, 45% viscose", gentle, "Portugal", "Riviera"},
	// swimwear
	{"2290-901", "Cala Swimsuit", "Swimsuit with low back, in recycled polyamide.", "swimwear|swimsuit", "spandex", "polyamide|elastane", "uni", "", "", "clean", "", "", "eu", "black lagoon", "78% recycled polyamide, 22% elastane", hand, "Portugal", "Swim"},
	{"2290-902", "Cala Bikini Top", "Underwired bikini top with adjustable straps.", "swimwear|bikini|bikini-top", "spandex", "polyamide|elastane", "uni", "", "", "clean", "", "", "cups", "lagoon", "78% recycled polyamide, 22% elastane", hand, "Portugal", "Swim"},
	{"2290-903", "Cala Bikini Bottom", "Bikini bottom with medium coverage.", "swimwear|bikini|bikini-bottom", "spandex", "polyamide|elastane", "uni", "", "", "clean", "", "", "eu", "lagoon", "78% recycled polyamide, 22% elastane", hand, "Portugal", "Swim"},
	{"2290-904", "Isola Beach Poncho", "Open poncho to wear over swimwear.", "jacket|poncho", "woven", "cotton", "stripes", "", "", "boho", "", "", "one", "breton meadow", "100% cotton", machine, "India", "Swim"},
	// shoes
	{"2300-111", "Corso Sandal", "Flat leather sandal with crossed straps.", "footwear|sandals", "", "leather", "", "", "", "casual", "", "flat", "shoes", "cognac", "Upper, lining and sole: leather", wipe, "Italy", "Footwear"},
	{"2300-112", "Vela Espadrille", "Canvas espadrille with rope sole.", "footwear|espadrilles", "", "cotton", "", "", "", "casual", "", "flat", "shoes", "ink chalk", "Upper: cotton, sole: jute and rubber", wipe, "Spain", "Footwear"},
	{"2300-113", "Court Trainer", "Low trainer in white leather with a coloured heel tab.", "footwear|trainers", "", "leather", "", "", "", "sportive", "", "flat", "halves", "white", "Upper: leather, sole: rubber", wipe, "Portugal", "Footwear"},
	{"2300-114", "Opera Pump", "Pointed pump with an 85 mm heel.", "footwear|pumps", "suede", "leather", "", "", "", "glamorous", "evening", "high_heel", "halves", "fuchsia", "Upper: suede, lining and sole: leather", "Suede brush only", "Italy", "Footwear"},
	{"2300-115", "Pool Flip-Flop", "Rubber flip-flop with a textile strap.", "footwear|flip-flops", "", "", "", "", "", "sportive", "", "flat", "flips", "sun", "Rubber, strap: polyester", wipe, "Brazil", "Swim"},
	{"2300-116", "Brera Loafer", "Penny loafer with stacked heel.", "footwear|loafers", "", "leather", "", "", "", "classic", "business", "flat", "shoes", "cognac", "Upper, lining and sole: leather", wipe, "Italy", "Footwear"},
	// bags and accessories
	{"2310-121", "Mercato Tote", "Roomy tote in woven leather.", "accessory|bag|handbag", "", "leather", "", "", "", "casual", "", "", "one", "cognac black", "100% leather", wipe, "Italy", "Accessories"},
	{"2310-122", "Notte Clutch", "Evening clutch with a metal frame.", "accessory|bag|clutch", "glitter", "metal", "", "", "", "glamorous", "evening", "", "one", "gold silver", "Polyester and metal", wipe, "China", "Accessories"},
	{"2310-123", "City Rucksack", "Compact rucksack with laptop sleeve.", "accessory|bag|rucksack", "water_repellent", "polyester", "", "", "", "street", "", "", "one", "ink", "100% recycled polyester", wipe, "Vietnam", "Accessories"},
	{"2310-124", "Sole Straw Hat", "Wide-brimmed hat of braided paper straw.", "accessory|headwear|hat", "", "", "", "", "", "boho", "", "", "one", "sand", "100% paper straw", "Do not wash", "Italy", "Accessories"},
	{"2310-125", "Braided Belt", "Belt of braided leather with a brass buckle.", "accessory|belt", "", "leather|metal", "", "", "", "classic", "", "", "belts", "cognac", "100% leather", wipe, "Spain", "Accessories"},
	{"2310-126", "Silk Square Scarf", "Silk twill scarf, 70 x 70 cm, hand-rolled edges.", "accessory|scarf", "twill", "silk", "floral", "", "", "classic", "", "", "one", "meadow gingham", "100% silk", dry, "Italy", "Accessories"},
	{"2310-127", "Hammered Hoop Earrings", "Hoop earrings of gold-plated brass.", "accessory|jewellery|earrings", "", "metal", "", "", "", "minimalistic", "", "", "one", "gold", "Gold-plated brass", "Keep dry", "India", "Accessories"},
	{"2310-128", "Oval Sunglasses", "Oval frames with graduated lenses, UV 400.", "accessory|sunglasses", "", "", "", "", "", "statement", "", "", "one", "leopard black", "Acetate", wipe, "Italy", "Accessories"},
}
