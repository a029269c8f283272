// Package inventory reads the nodes of a fleet from a YAML file: how each is reached, and which
// groups it is in. A [File] is what the orchestrator asks for the nodes of a group, what a transport
// asks for the settings of a node, and what tells clients which nodes can be reached.
//
//	known_hosts: known_hosts          # where the host keys are; from the directory of this file on
//	defaults:                         # holds for each node that does not say otherwise
//	  user: deploy
//	  identity_file: ~/.ssh/id_ed25519
//	  sudo: true
//	groups:
//	  - name: web
//	    id: 3f2b7f3a-4f0c-4a0e-9c52-8d2f6e9d1a77   # what clients may send instead of the name
//	    port: 2222
//	  - db
//	nodes:
//	  - name: web1.example.com
//	    address: 10.0.0.11            # if it is not the name
//	    host_key_alias: web1.example.com
//	    groups: [web]
//	  - name: db1.example.com
//	    groups: [db]
//	    user: root
//	    sudo: false
//	  - old.example.com
//
// A node or a group that has nothing but a name may be written as the name alone. A group can also
// list its nodes, under "nodes". The group "all" has every node, and needs no mention.
//
// The settings of nodes are port, user, identity_file and sudo. What a node does not say its groups
// say, the first in the file before the others, and then the defaults. There are no passwords in an
// inventory, and a key that is not known is refused, as are the aliases of YAML.
package inventory
