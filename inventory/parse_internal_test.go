package inventory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const whole = `
# the fleet
known_hosts: ~/.ssh/known_hosts
defaults:
  user: deploy
  identity_file: id_ed25519
  sudo: yes
groups:
  - db
  - name: web
    id: 3f2b7f3a-4f0c-4a0e-9c52-8d2f6e9d1a77
    port: 2222
    user: www
    nodes: [web2.example.com, web1.example.com, web2.example.com]
  - {name: "all webs", id: 7, port: 22, identity_file: /keys/web, nodes: [web1.example.com]}
  - {name: empty}
nodes:
  - name: web1.example.com
    address: 10.0.0.11
    host_key_alias: web1
    groups: [all webs, web]
  - name: db1.example.com
    address: fe80::1%eth0
    groups: [db]
    user: root
    sudo: false
    port: 443
    identity_file:
  - web2.example.com
  - 10.0.0.12
`

func TestNodesWithTheirSettings(t *testing.T) {
	f, err := parse([]byte(whole), "/etc/orchestrator", "/home/casey")
	require.NoError(t, err)
	assert.Equal(t, []Node{
		{
			Name: "web1.example.com", Address: "10.0.0.11", HostKeyAlias: "web1", Groups: []string{"web", "all webs"},
			Port: 2222, User: "www", IdentityFile: "/keys/web", Sudo: true,
		},
		{
			Name: "db1.example.com", Address: "fe80::1%eth0", Groups: []string{"db"},
			Port: 443, User: "root", IdentityFile: "/etc/orchestrator/id_ed25519",
		},
		{
			Name: "web2.example.com", Address: "web2.example.com", Groups: []string{"web"},
			Port: 2222, User: "www", IdentityFile: "/etc/orchestrator/id_ed25519", Sudo: true,
		},
		{
			Name: "10.0.0.12", Address: "10.0.0.12",
			User: "deploy", IdentityFile: "/etc/orchestrator/id_ed25519", Sudo: true,
		},
	}, f.nodes)
	assert.Equal(t, "/home/casey/.ssh/known_hosts", f.knownHosts)
	webs, all := []string{"web1.example.com", "web2.example.com"}, []string{"web1.example.com", "db1.example.com", "web2.example.com", "10.0.0.12"}
	assert.Equal(t, map[string][]string{
		"db": {"db1.example.com"}, "empty": nil,
		"web": webs, "3f2b7f3a-4f0c-4a0e-9c52-8d2f6e9d1a77": webs,
		"all webs": {"web1.example.com"}, "7": {"web1.example.com"},
		"all": all, "00000000-0000-4000-8000-000000000000": all,
	}, f.groups)
}

func TestInventoriesWithoutNodes(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "nodes:\n", "nodes: []\ngroups:\ndefaults: ~\n"} {
		f, err := parse([]byte(text), "/", "")
		require.NoError(t, err, text)
		assert.Empty(t, f.nodes, text)
		assert.Contains(t, f.groups, "all")
	}
}

func TestMistakes(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"nodes: [a\n", "line 1: did not find expected ',' or ']'"},
		{"nodes: [a]\n---\nnodes: [b]\n", "must be one YAML document, and nothing behind it"},
		{"- a\n", "line 1: inventory: must be a mapping, not a list"},
		{"a\n", "line 1: inventory: must be a mapping, not a value of type !!str"},
		{"nodes: []\nhosts: []\n", `line 2: inventory: the key "hosts" is not known; there are defaults, groups, known_hosts, nodes`},
		{"nodes: []\nnodes: []\n", `line 2: inventory: the key "nodes" is on line 1 already`},
		{"nodes: a\n", "line 1: nodes: must be a list, not a value of type !!str"},
		{"nodes: {a: {}}\n", "line 1: nodes: must be a list, not a mapping"},
		{"nodes:\n  - \n", "line 2: node: name: must be a text, not nothing"},
		{"nodes:\n  - [a]\n", "line 2: node: name: must be a text, not a list"},
		{"nodes:\n  - {address: x}\n", "line 2: node: name: must be given"},
		{"nodes:\n  - a b\n", `line 2: node: name: must consist of letters, digits and . _ - : @, and start with a letter, a digit or _ (given: "a b")`},
		{"nodes:\n  - name: -oProxyCommand=x\n", `line 2: node: name: must consist of letters, digits and . _ - : @, and start with a letter, a digit or _ (given: "-oProxyCommand=x")`},
		{"nodes:\n  - " + strings.Repeat("a", 256) + "\n", `line 2: node: name: must not be longer than 255 bytes (given: "` + strings.Repeat("a", 100) + `"…)`},
		{"nodes:\n  - a:1\n", `line 2: node: address: must be given, since the name cannot be one (given: "a:1")`},
		{"nodes:\n  - a\n  - name: a\n", `line 3: node: name: is on line 2 already (given: "a")`},
		{"nodes:\n  - name: a\n    password: hunter2\n", `line 3: node: the key "password" is not known; there are address, groups, host_key_alias, identity_file, name, port, sudo, user`},
		{"nodes:\n  - name: a\n    ? [x]\n    : y\n", `line 3: node: the key "" is not known; there are address, groups, host_key_alias, identity_file, name, port, sudo, user`},
		{"nodes:\n  - name: a\n    address: 10.0.0.1:22\n", `line 3: node: address: must be a host name or an IP address; the port and the user have keys of their own (given: "10.0.0.1:22")`},
		{"nodes:\n  - name: a\n    address: \"\"\n", `line 3: node: address: must be a host name or an IP address; the port and the user have keys of their own (given: "")`},
		{"nodes:\n  - name: a\n    port: 0\n", `line 3: node: port: must be a number from 1 to 65535 (given: "0")`},
		{"defaults:\n  port: 65536\n", `line 2: defaults: port: must be a number from 1 to 65535 (given: "65536")`},
		{"defaults:\n  port: [22]\n", `line 2: defaults: port: must be a number from 1 to 65535 (given: a list)`},
		{"defaults:\n  user: &22 x\n  port: *22\n", `line 3: defaults: port: must be a number from 1 to 65535 (given: an alias)`},
		{"defaults:\n  user: a b\n", `line 2: defaults: user: must be the name of a user (given: "a b")`},
		{"defaults:\n  user: -l\n", `line 2: defaults: user: must be the name of a user (given: "-l")`},
		{"defaults:\n  user: \"a\\0\"\n", `line 2: defaults: user: must have 1 to 255 bytes, and no control characters (given: "a\x00")`},
		{"defaults:\n  user: !!binary aGk=\n", `line 2: defaults: user: must be a text, not a value of type !!binary`},
		{"defaults:\n  sudo: 1\n", `line 2: defaults: sudo: must be true or false (given: "1")`},
		{"defaults:\n  sudo: {}\n", `line 2: defaults: sudo: must be true or false (given: a mapping)`},
		{"defaults:\n  identity_file: \"a\\nb\"\n", `line 2: defaults: identity_file: must be the path of a file (given: "a\nb")`},
		{"\nknown_hosts: ~/x\n", `line 2: known_hosts: there is no home directory that ~ could stand for (given: "~/x")`},
		{"defaults: &d {user: x}\nnodes:\n  - <<: *d\n    name: a\n", `line 3: node: the key "<<" is not known; there are address, groups, host_key_alias, identity_file, name, port, sudo, user`},
		{"groups: [&g web]\nnodes:\n  - name: a\n    groups: [*g]\n", `line 4: node: groups: must be a text, not an alias`},
		{"groups:\n  - id: x\n", "line 2: group: name: must be given"},
		{"groups:\n  - all\n", `line 2: group: name: is that of the group of all nodes, which need not be listed (given: "all")`},
		{"groups:\n  - \" web\"\n", `line 2: group: name: must not begin or end with a blank (given: " web")`},
		{"groups:\n  - web\n  - name: web\n", `line 3: group: the name or id is that of the group on line 2 already (given: "web")`},
		{"groups:\n  - web\n  - {name: x, id: web}\n", `line 3: group: the name or id is that of the group on line 2 already (given: "web")`},
		{"groups:\n  - {name: x, nodes: [a]}\n", `line 2: group: nodes: is not the name of a node under nodes (given: "a")`},
		{"groups:\n  - {name: x, nodes: a}\n", `line 2: group: nodes: must be a list, not a value of type !!str`},
		{"groups:\n  - {name: x, address: a}\n", `line 2: group: the key "address" is not known; there are id, identity_file, name, nodes, port, sudo, user`},
		{"nodes:\n  - {name: a, groups: [web]}\n", `line 2: node: groups: is not the name of a group under groups (given: "web")`},
	} {
		_, err := parse([]byte(test.text), "/", "")
		if assert.Error(t, err, test.text) {
			assert.Equal(t, test.want, err.Error(), test.text)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	text.WriteString("groups: [web]\nnodes:\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "  - {name: node%d.example.com, groups: [web]}\n", i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse([]byte(text.String()), "/", ""); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("nodes: [a, {name: b, groups: [g]}]\ngroups: [g]\n"))
	f.Add([]byte("defaults: &d {port: 1}\nnodes: *d\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("---\n...\n---\n"))
	f.Add([]byte("nodes:\n  - 0000000:0"))
	f.Fuzz(func(t *testing.T, text []byte) {
		fleet, err := parse(text, "/dir", "/home")
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		for _, n := range fleet.nodes {
			require.Empty(t, checkNode(n.Name))
			require.Empty(t, checkAddress(n.Address), n.Address)
			require.True(t, n.Port >= 0 && n.Port <= 65535)
			for _, g := range n.Groups {
				require.Contains(t, fleet.groups[g], n.Name)
			}
		}
		require.Equal(t, fleet.names(), fleet.groups[everyNode])
	})
}
