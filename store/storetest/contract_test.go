package storetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-54b7607b/orchestrator"
)

// about are the sentences of the contract that say what it is and ask nothing of a store.
var about = []string{
	"Pruner is a [Store] that can remove old jobs.",
	"Without it jobs are kept for ever.",
	"Keyer is a [Store] that can find a job by its Key.",
	"Without it the scope of a request that is repeated is resolved again, and if that fails, so does the request.",
	"Feeder is a [Store] that can tell of the events of all jobs in one sequence.",
	"Without it there is no feed over all jobs.",
	"Package store/memory and package store/badger are implementations; package store/storetest checks that another one keeps every sentence below.",
}

// contract is what store.go and store_optional.go say, sentence by sentence, by the name of what the
// sentence is about: a type, an interface or a method of one.
type contract map[string][]string

// parseContract reads the comments of Store, of the optional interfaces and of their methods, and
// those of the other types that the methods take and return, with their fields.
func parseContract(t *testing.T) (store, types contract) {
	t.Helper()
	store, types = contract{}, contract{}
	for _, name := range []string{"store.go", "store_optional.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../../"+name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parseFile(file, store, types)
	}
	return store, types
}

func parseFile(file *ast.File, store, types contract) {
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			typ := spec.(*ast.TypeSpec)
			switch is := typ.Type.(type) {
			case *ast.InterfaceType:
				store[typ.Name.Name] = sentences(gen.Doc)
				for _, method := range is.Methods.List {
					store[method.Names[0].Name] = sentences(method.Doc)
				}
			case *ast.StructType:
				types[typ.Name.Name] = sentences(gen.Doc)
				for _, field := range is.Fields.List {
					types[typ.Name.Name] = append(types[typ.Name.Name], sentences(field.Comment)...)
				}
			default:
				types[typ.Name.Name] = sentences(gen.Doc)
			}
		}
	}
}

var sentenceEnd = regexp.MustCompile(`\.\s+`)

// sentences returns the sentences of a comment, with their lines joined.
func sentences(comment *ast.CommentGroup) []string {
	var all []string
	for paragraph := range strings.SplitSeq(comment.Text(), "\n\n") {
		text := strings.Join(strings.Fields(paragraph), " ")
		for _, end := range slices.Backward(sentenceEnd.FindAllStringIndex(text, -1)) {
			all = append(all, text[end[1]:])
			text = text[:end[0]+1]
		}
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// rules returns the rules of all checks, those of RunDurable included, by what they are about.
func rules() contract {
	all := contract{}
	for _, check := range Checks() {
		about, _, _ := strings.Cut(check.Name, "/")
		all[about] = append(all[about], check.Rule)
	}
	for _, check := range durableChecks() {
		about, _, _ := strings.Cut(check.name, "/")
		all[about] = append(all[about], check.rule)
	}
	return all
}

func TestEverySentenceHasCheck(t *testing.T) {
	store, _ := parseContract(t)
	checked := rules()
	if len(store) != 1+10+3+4 {
		t.Errorf("found comments on %d things, want those on Store and its 10 methods, and on 3 optional interfaces and their 4", len(store))
	}
	for what, sentences := range store {
		for _, sentence := range sentences {
			if !slices.Contains(about, sentence) && !slices.Contains(checked[what], sentence) {
				t.Errorf("no check named %s/… quotes: %s", what, sentence)
			}
		}
	}
}

func TestEveryRuleIsSentence(t *testing.T) {
	store, types := parseContract(t)
	for what, rules := range rules() {
		for _, rule := range rules {
			if !slices.Contains(store[what], rule) && !slices.Contains(types[what], rule) {
				t.Errorf("the rule of a check named %s/… is no sentence of the contract about %s: %s", what, what, rule)
			}
		}
	}
	for _, sentence := range about {
		if !slices.Contains(slices.Concat(store["Store"], store["Pruner"], store["Feeder"], store["Keyer"]), sentence) {
			t.Errorf("no sentence of the contract: %s", sentence)
		}
	}
}

func TestCheckNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, check := range Checks() {
		if seen[check.Name] || check.Run == nil {
			t.Errorf("%s: there are several checks of this name, or it does nothing", check.Name)
		}
		seen[check.Name] = true
	}
}

// TestFixturesAreFull makes sure that a field that is added to a type does not stay unchecked.
func TestFixturesAreFull(t *testing.T) {
	job, batch := fullJob(), (&worker{job: fullJob()}).batch(fullNode(1))
	batch.Events[0].JobState = orchestrator.JobRunning // of an event of the job
	for name, value := range map[string]any{"job": job, "batch": batch} {
		for _, path := range zeroFields(name, reflect.ValueOf(value)) {
			t.Errorf("%s is zero", path)
		}
	}
}

// zeroFields returns the paths of the fields that have no value.
func zeroFields(at string, v reflect.Value) (paths []string) {
	switch {
	case v.IsZero():
		return []string{at}
	case v.Type() == timeType:
		return nil
	case v.Kind() == reflect.Struct:
		for field, value := range v.Fields() {
			paths = append(paths, zeroFields(at+"."+field.Name, value)...)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			paths = append(paths, zeroFields(at+"[]", v.Index(i))...)
		}
	}
	return paths
}
