package ratelimit

import "strings"

// KeyOf returns whom a request is counted for: the user, else the address without its port.
func KeyOf(user, address string) string {
	if user != "" {
		return "user:" + strings.ToLower(user)
	}
	if i := strings.LastIndex(address, ":"); i >= 0 {
		address = address[:i]
	}
	return "address:" + address
}
