package fashiontrade

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
)

// explain says what the vendor's answers about versions mean, and what to do: a version that it does
// not serve (fashiontrade:2825), and one that is older than what it has stored (fashiontrade:2845).
func explain(request vendors.Request, answer *vendors.APIError) string {
	resource, version := versionOf(request.Header)
	switch {
	case resource == nil:
		return ""
	case answer.Status == http.StatusNotAcceptable:
		return fmt.Sprintf("the vendor does not serve version %s of its resource %s; bulkload knows %s: choose with --api-version, or with "+
			"the account's api_version", version, resource.Name, theVersions(resource.Versions))
	case answer.Status == http.StatusBadRequest && aboutVersions(request, answer):
		return tooOld(resource, version)
	}
	return ""
}

// tooOld is the way out when the vendor holds something newer than what is spoken of. It migrates
// forward only.
func tooOld(resource *vocabulary.Resource, version string) string {
	newer := resource.Versions[slices.Index(resource.Versions, version)+1:]
	if len(newer) == 0 {
		return fmt.Sprintf("the vendor may hold a %s that was stored in a version newer than %s, the newest that bulkload knows: it cannot "+
			"be had in an older one, so a newer bulkload is needed", resource.Name, version)
	}
	return fmt.Sprintf("the vendor holds a %s that was stored in a newer version than %s, and gives nothing out in an older version than "+
		"it was stored in: say --api-version %s, or set the account's api_version", resource.Name, version, newer[len(newer)-1])
}

// aboutVersions reports whether a refusal is about an older version: it speaks of one, or it answers a
// call that only reads, in a version that is not the newest, which has little else to refuse.
func aboutVersions(request vendors.Request, answer *vendors.APIError) bool {
	words := strings.ToLower(answer.Message)
	if strings.Contains(words, "version") && spokenOfAge.MatchString(words) {
		return true
	}
	resource, version := versionOf(request.Header)
	return request.Method == http.MethodGet && version != resource.Versions[len(resource.Versions)-1]
}

// spokenOfAge are words for what is between two versions.
var spokenOfAge = regexp.MustCompile(`older|newer|later|earlier|backward|forward|migrat`)

// versionOf reads the resource and its version that a request speaks of; nil when it names none.
func versionOf(header http.Header) (*vocabulary.Resource, string) {
	mediaType, parameters, err := mime.ParseMediaType(cmp.Or(header.Get("Accept"), header.Get("Content-Type")))
	if err != nil {
		return nil, ""
	}
	for i := range vocabulary.Resources {
		resource := &vocabulary.Resources[i]
		if resource.MediaType == mediaType && slices.Contains(resource.Versions, parameters["version"]) {
			return resource, parameters["version"]
		}
	}
	return nil, ""
}

func theVersions(versions []string) string {
	if len(versions) == 1 {
		return "only " + versions[0]
	}
	return strings.Join(versions, " and ")
}
