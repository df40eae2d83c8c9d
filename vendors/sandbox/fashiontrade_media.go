package sandbox

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// parameters reads the query, in which only the known names may stand, each once.
func parameters(c *call, known ...string) (url.Values, error) {
	query, err := url.ParseQuery(c.query)
	if err != nil {
		return nil, fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%s: there is no such query parameter here", name)
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("%s: the query parameter stands twice", name)
		}
	}
	return query, nil
}

func boolean(query url.Values, name string) (bool, error) {
	switch text := query.Get(name); {
	case text == "true":
		return true, nil
	case text == "false" || !query.Has(name):
		return false, nil
	default:
		return false, fmt.Errorf("%s: %q must be true or false", name, text)
	}
}

// contentVersion returns the version of the body, from Content-Type.
func (r *collection) contentVersion(header http.Header) (int, error) {
	contentType := header.Get("Content-Type")
	if contentType == "" {
		return 0, errors.New("not acceptable: Content-Type is missing")
	}
	version, q, err := r.mediaVersion(contentType)
	if err == nil && (q < 1 || strings.Contains(contentType, "*")) {
		err = errors.New("a body is of one type")
	}
	if err != nil {
		return 0, fmt.Errorf("not acceptable: Content-Type %q: %w", contentType, err)
	}
	return version, nil
}

// acceptedVersion returns the version of the answer: of the most wanted media type in Accept that
// can be given, the first of those wanted equally. Without Accept it is the latest.
func (r *collection) acceptedVersion(header http.Header) (int, error) {
	accept := strings.Join(header.Values("Accept"), ",")
	if accept == "" {
		return r.latest, nil
	}
	best, weight := 0, 0.0
	refusal := errors.New("nothing in it is wanted")
	for item := range strings.SplitSeq(accept, ",") {
		version, q, err := r.mediaVersion(item)
		if err != nil {
			refusal = err
		} else if q > weight {
			best, weight = version, q
		}
	}
	if best == 0 {
		return 0, fmt.Errorf("not acceptable: Accept %q: %w", accept, refusal)
	}
	return best, nil
}

// mediaVersion reads one media type, "application/vnd.fashiontrade.product+json; version=2". One
// without a resource means the path's, one without a version the latest. Product stock has a name of
// its own for version 1 too (fashiontrade:5886).
func (r *collection) mediaVersion(text string) (version int, q float64, err error) {
	mediaType, values, err := mime.ParseMediaType(text)
	if err != nil {
		return 0, 0, errors.New("it is not a media type")
	}
	latest := r.latest
	switch mediaType {
	case "application/vnd.fashiontrade.product_stock.v1+json":
		if r.resource != "product_stock" {
			return 0, 0, fmt.Errorf("the resource here is application/vnd.fashiontrade.%s+json", r.resource)
		}
		latest = 1
	case "application/vnd.fashiontrade." + r.resource + "+json", "application/json", "application/*", "*/*":
	default:
		return 0, 0, fmt.Errorf("the resource here is application/vnd.fashiontrade.%s+json", r.resource)
	}
	version, q = latest, 1
	for name, value := range values {
		switch {
		case name == "version":
			version, err = strconv.Atoi(value)
			if err != nil || version < 1 || version > latest || value != strconv.Itoa(version) {
				return 0, 0, fmt.Errorf("the versions are 1 to %d", latest)
			}
		case name == "q":
			if q, err = strconv.ParseFloat(value, 64); err != nil || !(q >= 0 && q <= 1) {
				return 0, 0, errors.New("q must be a number from 0 to 1")
			}
		case name == "charset" && strings.EqualFold(value, "utf-8"):
		default:
			return 0, 0, fmt.Errorf("the parameter %s=%s is not known", name, value)
		}
	}
	return version, q, nil
}
