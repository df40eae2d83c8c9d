package faire

import (
	"net/http"
	"strings"

	"bulkload/vendors"
)

// explain says what Faire's answers mean beyond their words (faire:2134), and what to do.
func explain(request vendors.Request, answer *vendors.APIError) string {
	switch answer.Status {
	case http.StatusUnauthorized:
		return "Faire does not know the access token: bulkload accounts check tries it by itself"
	case http.StatusTooManyRequests:
		return "Faire states no limit; bulkload slows down by itself, and a rate of the account, such as rate: 1/s, keeps it slower from the start"
	case http.StatusNotFound:
		return explainAbsence(request.Path)
	case http.StatusBadRequest, http.StatusConflict:
		if aboutToken(answer) {
			return "the token was used for something else before, or for what was deleted since: compare with the account, so that what is there is changed instead"
		}
	}
	return ""
}

// explainAbsence says what is not there at an address.
func explainAbsence(path string) string {
	switch {
	case path == stockBySKU:
		return "no variant has this SKU; SKUs count letter for letter, and of deleted variants they are gone"
	case path == stockByID:
		return "no variant has this ID; IDs of variants begin with po_, and go when the variant is deleted"
	case strings.HasPrefix(path, orderList.path+"/"):
		return "the account has no such order; the ID of order #ABC is bo_abc"
	case strings.HasPrefix(path, "/products/"):
		return "the account does not have this product, variant or prepack any more: run the import again, so that it is compared anew"
	}
	return ""
}
