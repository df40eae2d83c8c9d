package vendors

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
)

// TokenOf is the token by which a vendor knows a repetition: the same for one entity of one account
// on every machine and every day. generation counts from 0 how often the vendor has deleted the
// entity, after which it is a new one.
func TokenOf(account, resource, key string, generation int) string {
	sum := sha256.New()
	for _, part := range []string{account, resource, key, strconv.Itoa(generation)} {
		sum.Write([]byte(strconv.Itoa(len(part)) + ":" + part)) // no two lists of parts read alike
	}
	return "bl-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum.Sum(nil)[:20]))
}
