// Package puppetdb finds the nodes of a scope by asking PuppetDB: a [Resolver] sends the query that the
// scope has, and takes the certnames in the answer for names of nodes.
//
// Queries are in PQL, as a string, or syntax trees, as an array that begins with "from":
//
//	nodes[certname] { facts.os.family = "Debian" }
//	["from", "nodes", ["extract", ["certname"], ["=", "report_environment", "production"]]]
//
// What is asked is what the client has sent: the environment of its request is not added, since a
// query may be about nodes that were in another environment so far.
package puppetdb
