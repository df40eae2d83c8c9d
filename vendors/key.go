package vendors

import "bulkload/vendors/schema"

// Setting returns the vendor's setting of a name; nil when it has none, or when there is no vendor.
func (v *Vendor) Setting(name string) *Setting {
	if v == nil {
		return nil
	}
	for i := range v.Settings {
		if v.Settings[i].Name == name {
			return &v.Settings[i]
		}
	}
	return nil
}

// KeyFields names the fields that name an entity, with a word between them when there are two:
// "product_id and batch_id". One of two that will do stands behind the other: "sku (or product_variant_id)".
func (r *Resource) KeyFields(word string) string {
	fields := r.Key
	if r.Else != "" {
		fields += " (or " + r.Else + ")"
	}
	if r.Part != "" {
		fields += " " + word + " " + r.Part
	}
	return fields
}

// PartKey is the key of an entity that two fields name, as a cell that lists both: "LD-1042|nl-spring".
// It is the only one for these two values, whatever they hold.
func PartKey(key, part string) string { return string(AppendPartKey(nil, key, part)) }

// AppendPartKey is PartKey, put behind dst.
func AppendPartKey[T string | []byte](dst []byte, key, part T) []byte {
	dst = append(appendItem(dst, key), '|')
	return appendItem(dst, part)
}

// AppendKey puts the first item of a key behind dst.
func AppendKey(dst, key []byte) []byte { return appendItem(dst, key) }

// AppendKeyItem puts one more item of a key behind dst, as AppendPartKey does with the second.
func AppendKeyItem(dst, item []byte) []byte { return appendItem(append(dst, '|'), item) }

func appendItem[T string | []byte](dst []byte, item T) []byte {
	for i := range len(item) {
		if item[i] == '|' || item[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, item[i])
	}
	return dst
}

// SplitPartKey takes apart what PartKey joined; ok is false when it did not. Of a longer key, the first two
// items are returned all the same.
func SplitPartKey(joined string) (key, part string, ok bool) {
	var parts []string
	schema.Items([]byte(joined), func(item []byte) bool {
		parts = append(parts, string(item))
		return len(parts) < 3
	})
	if len(parts) < 2 {
		return "", "", false
	}
	return parts[0], parts[1], len(parts) == 2
}
