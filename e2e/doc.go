// Package e2e holds the tests that run a real Puppet agent, from a real puppetserver, through the HTTP
// API. They need what ./setup installs and to be root, take minutes, and are built with the tag e2e
// only:
//
//	e2e/setup && go test -tags e2e -v -timeout 15m ./e2e
package e2e
