package vocabulary

// The types of a quantity, which the document defines for stock (fashiontrade:3952).
const (
	ExactQuantity    = "ExactQuantity"
	InfiniteQuantity = "InfiniteQuantity"
)

// QuantityTypes lists the types of a quantity.
var QuantityTypes = []string{ExactQuantity, InfiniteQuantity}
