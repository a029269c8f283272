// Package clienttest shows that the clients people have work with package httpapi. For each of them
// a test makes the calls that it makes, in its order and with its headers, over a real HTTPS server,
// and reads the answers as strictly as the client does. What a client does is known from its
// published source, and told in the test's comment. There is no code but tests here.
package clienttest
