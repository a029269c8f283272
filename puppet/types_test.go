package puppet

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTypesAdmitWhatTheySay(t *testing.T) {
	for _, test := range []struct{ typ, admits, refuses string }{
		{"", `1 "a" null {} []`, ``},
		{"Any", `1 "a" null {} []`, ``},
		{"Data", `1 "a" null`, ``},
		{"String", `"" "a"`, `1 null true [] {}`},
		{"String[1]", `"a" "ä"`, `""`},
		{"String[1, 2]", `"ab" "äö"`, `"" "abc"`},
		{"String[default, 2]", `"" "ab"`, `"abc"`},
		{"Integer", `1 -1 123456789012345678901234567890`, `1.0 1e3 "1" null`},
		{"Integer[0]", `0 5`, `-1`},
		{"Integer[1,65535]", `1 65535`, `0 65536`},
		{"Integer[default, 5]", `-100 5`, `6`},
		{"Integer[0, 9007199254740993]", `9007199254740993`, `9007199254740994`},
		{"Float", `1.5 1e3`, `1 "1.5"`},
		{"Float[0.5, 1.5]", `0.5 1.5`, `0.4 1.6`},
		{"Numeric", `1 1.5`, `"1" null`},
		{"Boolean", `true false`, `"true" 1 null`},
		{"Boolean[true]", `true`, `false`},
		{"Undef", `null`, `"" 0`},
		{"Scalar", `"a" 1 true`, `null [] {}`},
		{"Optional[String[1]]", `null "a"`, `"" 1`},
		{"Optional['a']", `null "a"`, `"b"`},
		{"NotUndef", `1 ""`, `null`},
		{"NotUndef[Optional[Integer]]", `1`, `null ""`},
		{"Enum[start, stop]", `"start" "stop"`, `"restart" 1`},
		{"Enum['start', \"stop\"]", `"start" "stop"`, `"restart" null 1`},
		{"Enum['start', true]", `"START"`, `"stop"`},
		{"Pattern[/\\A[a-z]+\\z/]", `"abc"`, `"" "ABC" 1`},
		{"Pattern[/^a$/, /\\/b/]", `"a" "x\na\ny" "/b"`, `"c"`},
		{"Pattern[/(?<!x)y/]", `"anything"`, `1`},
		{"Array", `[] [1,"a"]`, `{} "a"`},
		{"Array[String]", `[] ["a"]`, `[1] ["a",1]`},
		{"Array[String[1], 1, 2]", `["a"] ["a","b"]`, `[] ["a","b","c"] [""]`},
		{"Array[1]", `[1]`, `[]`},
		{"Hash", `{} {"a":1}`, `[]`},
		{"Hash[String[2], Integer]", `{} {"ab":1}`, `{"a":1} {"ab":"c"}`},
		{"Hash[String, Any, 1, 1]", `{"a":1}`, `{} {"a":1,"b":2}`},
		{"Tuple[String, Integer]", `["a",1]`, `["a"] [1,"a"] ["a",1,2]`},
		{"Tuple[String, Integer, 1, 3]", `["a"] ["a",1,2]`, `[] ["a",1,2,3]`},
		{"Struct[{'a' => String, 'b' => Optional[Integer]}]", `{"a":"x"} {"a":"x","b":1} {"a":"x","b":null}`, `{} {"a":1} {"a":"x","c":1}`},
		{"Struct[{Optional['a'] => String, NotUndef['b'] => Optional[Integer]}]", `{"b":1} {"b":null,"a":"x"}`, `{} {"a":null,"b":1}`},
		{"Struct[{a => Integer,}]", `{"a":1}`, `{}`},
		{"Struct[{}]", `{}`, `{"a":1}`},
		{"Variant[Integer, Enum['a']]", `1 "a"`, `"b" null`},
		{"Variant[]", ``, `1`},
		{"Collection", `[] {}`, `1`},
		{"Sensitive[String[1]]", `"a"`, `"" 1`},
		{"Sensitive", `"a" 1`, ``},
		{"Stdlib::Absolutepath", `"/a" 1`, ``},
		{"TargetSpec", `"/a" 1`, ``},
		{" Array[ Optional[ Integer[ 1 , 2 ] ] ] ", `[null,1]`, `[3]`},
		{`Enum['it\'s', "a\\b", 'c\d']`, `"it's" "a\\b" "c\\d"`, `"its"`},
	} {
		m, err := parseType(test.typ)
		if err != nil {
			t.Errorf("%s: %v", test.typ, err)
			continue
		}
		check := func(texts string, want bool) {
			dec := json.NewDecoder(strings.NewReader(texts))
			for dec.More() {
				var text json.RawMessage
				if err := dec.Decode(&text); err != nil {
					t.Fatal(err)
				}
				if p := (parameter{accepts: m}); p.admits(text) != want {
					t.Errorf("%s, %s: admitted is %t", test.typ, text, !want)
				}
			}
		}
		check(test.admits, true)
		check(test.refuses, false)
	}
}

func TestTypesThatAreNotWrittenSo(t *testing.T) {
	for _, text := range []string{
		"string", "String[", "String]", "String[1", "String[1,,2]", "String 1", "[]", "Enum['a]", "Pattern[/a]",
		"Struct[{'a'}]", "Struct[{'a' => }]", "Struct[{'a' => 1}]", "Hash[String => Integer]", "Optional[$x]",
		strings.Repeat("Optional[", maxTypeDepth+1) + "Any" + strings.Repeat("]", maxTypeDepth+1),
	} {
		if _, err := parseType(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	deep := strings.Repeat("Optional[", maxTypeDepth) + "Any" + strings.Repeat("]", maxTypeDepth)
	if _, err := parseType(deep); err != nil {
		t.Error(err)
	}
}

func FuzzParseType(f *testing.F) {
	for _, text := range []string{
		"Struct[{Optional['a'] => Array[Variant[String[1,2], Integer[default, 5]], 0, 3]}]", "Enum['it\\'s', true]",
		"Pattern[/^[a-z]\\/$/]", "Tuple[String, Hash[String, Any, 1], 1, 3]", "NotUndef[Sensitive[Data]]",
	} {
		f.Add(text, `{"a": [1, "b", null, 1.5, true]}`)
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		m, err := parseType(text)
		if err != nil {
			return
		}
		p := parameter{accepts: m}
		if p.admits([]byte(value)) != p.admits([]byte(" "+value+" ")) {
			t.Errorf("%q, %q: not the same with blanks around", text, value)
		}
		// A type within Optional admits what it did, and null.
		optional, err := parseType("Optional[" + text + "]")
		if err != nil {
			return // nested one level too much
		}
		if strings.TrimSpace(text) != "" && (m(value) && !optional(value) || !optional(nil)) {
			t.Errorf("%q within Optional is another", text)
		}
	})
}
