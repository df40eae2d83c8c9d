package faire

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/schema"
)

// imageColumns are the columns of one numbered image; -1: the feed has no such column.
type imageColumns struct{ number, url, tags int }

// findImages gathers the columns of the numbered images of a family, in the order of their numbers.
func findImages(l *schema.Layout, family string) []imageColumns {
	var images []imageColumns
	for kind, name := range [...]string{family, family + ".tags"} {
		for _, column := range l.Family(name) {
			number, err := strconv.Atoi(l.Columns[column].Param)
			if err != nil {
				continue
			}
			at := slices.IndexFunc(images, func(image imageColumns) bool { return image.number == number })
			if at < 0 {
				at = len(images)
				images = append(images, imageColumns{number, -1, -1})
			}
			*[...]*int{&images[at].url, &images[at].tags}[kind] = column
		}
	}
	slices.SortFunc(images, func(a, b imageColumns) int { return cmp.Compare(a.number, b.number) })
	return images
}

// newImages returns those of the feed's images that Faire surely has not got: it adds what it is sent, and never
// replaces (faire:548), so that an image sent twice is there twice. It also loads each image to its own servers and may
// then show it under an address of its own (faire:2023). So as many images of the feed as Faire shows under such
// addresses, which the feed does not name, are taken for these, in their order. They go behind those that are there.
func newImages(has, fed []Image) []Image {
	own := 0
	for i := range has {
		if onFaire(has[i].URL) && !holdsURL(fed, has[i].URL) {
			own++
		}
	}
	var added []Image
	next := nextSequence(has)
	for _, image := range fed {
		switch {
		case holdsURL(has, image.URL):
		case own > 0:
			own--
		default:
			sequence := next
			next++
			added = append(added, Image{Sequence: &sequence, URL: image.URL, Tags: image.Tags})
		}
	}
	return added
}

// nextSequence is the place behind all images.
func nextSequence(images []Image) int64 {
	next := int64(len(images))
	for i := range images {
		if images[i].Sequence != nil {
			next = max(next, *images[i].Sequence+1)
		}
	}
	return next
}

func holdsURL(images []Image, address string) bool {
	return slices.ContainsFunc(images, func(image Image) bool { return image.URL == address })
}

// onFaire reports whether an address is on Faire's own servers.
func onFaire(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.ToLower(parsed.Hostname())
	return host == "faire.com" || strings.HasSuffix(host, ".faire.com")
}

// bySequence returns images in the order in which Faire shows them.
func bySequence(images []Image) []Image {
	sorted := slices.Clone(images)
	slices.SortStableFunc(sorted, func(a, b Image) int { return cmp.Compare(a.place(), b.place()) })
	return sorted
}

// place is an image's sequence; images without one go last.
func (image *Image) place() int64 {
	if image.Sequence == nil {
		return 1<<63 - 1
	}
	return *image.Sequence
}
