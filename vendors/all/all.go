// Package all lists the vendors.
package all

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire"
	"bulkload/vendors/fashionai"
	"bulkload/vendors/fashiontrade"
	"bulkload/vendors/faslet"
	"bulkload/vendors/fitanalytics"
	"bulkload/vendors/schema"
)

// Vendors lists every vendor, in the order of the program's listings.
var Vendors = []*vendors.Vendor{fashiontrade.Vendor, faire.Vendor, faslet.Vendor, fitanalytics.Vendor, fashionai.Vendor}

// Vendor returns the vendor of a name; nil when there is none.
func Vendor(name string) *vendors.Vendor {
	for _, vendor := range Vendors {
		if vendor.Name == name {
			return vendor
		}
	}
	return nil
}

// Names lists every resource as commands name it, "fashiontrade/products", each name once.
func Names() []string {
	var names []string
	for _, vendor := range Vendors {
		for _, resource := range vendor.Resources {
			if name := vendor.Name + "/" + resource.Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Find returns the resource of a name such as "fashiontrade/products" in a version, "" for its
// default. The error of an unknown name or version says which ones there are.
func Find(name, version string) (*vendors.Vendor, *vendors.Resource, error) {
	vendorName, resourceName, _ := strings.Cut(name, "/")
	var versions []string
	for _, vendor := range Vendors {
		if vendor.Name != vendorName {
			continue
		}
		for _, resource := range vendor.Resources {
			if resource.Name != resourceName {
				continue
			}
			if version == "" || resource.Version == version {
				return vendor, resource, nil
			}
			versions = append(versions, resource.Version)
		}
	}
	if versions != nil {
		return nil, nil, unknownVersion(name, version, versions)
	}
	return nil, nil, unknownName(name)
}

func unknownVersion(name, version string, versions []string) error {
	return fmt.Errorf("%s has no version %q; it has %s", name, version, strings.Join(versions, ", "))
}

func unknownName(name string) error {
	names := Names()
	message := fmt.Sprintf("%q is not a resource that bulkload knows; it knows %s", name, strings.Join(names, ", "))
	if nearest := schema.Nearest(name, names); nearest != "" {
		message += fmt.Sprintf("; did you mean %s?", nearest)
	}
	return errors.New(message)
}
