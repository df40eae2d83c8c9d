package vendors

// A Reference is a field whose value names an entity of another resource of the vendor, or a part of one:
// a price names the product that it is of.
type Reference struct {
	Field    string // "product_id"
	Resource string // that has what it names: "products"
	// Part is the field of that resource's rows that has the value, where it is not the entity's own name
	// but that of a part of it: "barcode". Empty: the resource's Key.
	Part string
	None string // the value that names nothing; empty: every value is a name
	// Whole is set when an entity is not what it was meant to be without what the field names, or when
	// leaving out its rows would take away what the vendor has: then all of its rows stay behind.
	Whole bool
}

// Referred lists the fields of a resource by which other resources of the vendor refer to it, the empty
// text being its Key. Nil: none does.
func (v *Vendor) Referred(resource string) (parts []string) {
	met := make(map[string]bool)
	for _, r := range v.Resources {
		for _, reference := range r.Refers {
			if reference.Resource == resource && !met[reference.Part] {
				met[reference.Part] = true
				parts = append(parts, reference.Part)
			}
		}
	}
	return parts
}

// Resource returns the vendor's resource of a name, in its default version; nil when there is none.
func (v *Vendor) Resource(name string) *Resource {
	for _, r := range v.Resources {
		if r.Name == name {
			return r
		}
	}
	return nil
}
