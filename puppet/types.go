package puppet

import (
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// matcher reports whether a type admits a value, which is what encoding/json decodes, with numbers as
// [json.Number].
type matcher func(value any) bool

// parseType returns what a type admits; everything if there is none.
func parseType(text string) (matcher, error) {
	if strings.TrimSpace(text) == "" {
		return anything, nil
	}
	t, err := readType(text)
	if err != nil {
		return nil, err
	}
	return t.matcher(), nil
}

func anything(any) bool { return true }

// matcher returns what a type admits: everything, if it is not one of those that are known.
func (t *typeExpr) matcher() matcher {
	switch t.name {
	case "String":
		return t.stringMatcher()
	case "Integer":
		return t.numberMatcher(isInteger)
	case "Float":
		return t.numberMatcher(isFloat)
	case "Numeric":
		return t.numberMatcher(isNumber)
	case "Boolean":
		return t.booleanMatcher()
	case "Undef":
		return isNull
	case "Scalar", "ScalarData":
		return isScalar
	case "Enum":
		return t.enumMatcher()
	case "Pattern":
		return t.patternMatcher()
	case "Optional":
		return either(isNull, t.inner(0))
	case "NotUndef":
		inner := t.inner(0)
		return func(v any) bool { return v != nil && inner(v) }
	case "Sensitive":
		return t.inner(0)
	case "Variant":
		return t.variantMatcher()
	case "Array":
		return t.arrayMatcher()
	case "Hash":
		return t.hashMatcher()
	case "Tuple":
		return t.tupleMatcher()
	case "Struct":
		return t.structMatcher()
	case "Collection":
		return func(v any) bool { return isArray(v) || isHash(v) }
	default: // Any, Data, RichData, and what modules define
		return anything
	}
}

// inner returns the matcher of the type, or of the one string, that is an argument.
func (t *typeExpr) inner(i int) matcher {
	if i >= len(t.args) {
		return anything
	}
	return t.args[i].matcher()
}

func (a *typeArg) matcher() matcher {
	switch {
	case a.typ != nil:
		return a.typ.matcher()
	case a.text != nil:
		return func(v any) bool { return v == *a.text }
	default:
		return anything
	}
}

func either(all ...matcher) matcher {
	return func(v any) bool {
		for _, m := range all {
			if m(v) {
				return true
			}
		}
		return false
	}
}

func isNull(v any) bool  { return v == nil }
func isArray(v any) bool { _, ok := v.([]any); return ok }
func isHash(v any) bool  { _, ok := v.(map[string]any); return ok }

func isScalar(v any) bool {
	switch v.(type) {
	case string, json.Number, bool:
		return true
	default:
		return false
	}
}

func isNumber(v any) bool { _, ok := v.(json.Number); return ok }
func isInteger(v any) bool {
	n, ok := v.(json.Number)
	return ok && !strings.ContainsAny(string(n), ".eE")
}
func isFloat(v any) bool { return isNumber(v) && !isInteger(v) }

// limits are the two numbers that bound something; nil where there is no bound.
type limits struct{ low, high *big.Float }

// limitsFrom returns the bounds that are arguments, from one on. A word that is no number, such as
// default, is no bound.
func (t *typeExpr) limitsFrom(i int) limits {
	number := func(i int) *big.Float {
		if i >= len(t.args) {
			return nil
		}
		return numberOf(t.args[i].bare)
	}
	return limits{number(i), number(i + 1)}
}

func numberOf(text string) *big.Float {
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return nil
	}
	f, _, err := big.ParseFloat(text, 0, 128, big.ToNearestEven)
	if err != nil {
		return nil
	}
	return f
}

func (l limits) admit(n *big.Float) bool {
	return n != nil && (l.low == nil || n.Cmp(l.low) >= 0) && (l.high == nil || n.Cmp(l.high) <= 0)
}

func (l limits) admitLength(n int) bool { return l.admit(new(big.Float).SetInt64(int64(n))) }

func (t *typeExpr) numberMatcher(kind matcher) matcher {
	bounds := t.limitsFrom(0)
	return func(v any) bool {
		n, _ := v.(json.Number)
		return kind(v) && bounds.admit(numberOf(string(n)))
	}
}

func (t *typeExpr) stringMatcher() matcher {
	bounds := t.limitsFrom(0)
	return func(v any) bool {
		s, ok := v.(string)
		return ok && bounds.admitLength(utf8.RuneCountInString(s))
	}
}

func (t *typeExpr) booleanMatcher() matcher {
	return func(v any) bool {
		b, ok := v.(bool)
		return ok && (len(t.args) == 0 || t.args[0].bare == strconv.FormatBool(b))
	}
}

func (t *typeExpr) enumMatcher() matcher {
	fold := len(t.args) > 0 && t.args[len(t.args)-1].bare == "true" // as the language has it: without regard to case
	var words []string
	for _, arg := range t.args {
		switch {
		case arg.text != nil:
			words = append(words, *arg.text)
		case arg.bare != "" && arg.bare != "true" && arg.bare != "false":
			words = append(words, arg.bare)
		}
	}
	return func(v any) bool {
		s, ok := v.(string)
		return ok && (len(t.args) == 0 || slices.ContainsFunc(words, func(word string) bool {
			return s == word || fold && strings.EqualFold(s, word)
		}))
	}
}

// patternMatcher returns the matcher of Pattern. In Ruby ^ and $ are the ends of lines, always.
func (t *typeExpr) patternMatcher() matcher {
	var patterns []*regexp.Regexp
	for _, arg := range t.args {
		text := arg.pattern
		if text == nil {
			text = arg.text
		}
		if text == nil {
			continue
		}
		pattern, err := regexp.Compile("(?m)" + *text)
		if err != nil {
			return isString
		}
		patterns = append(patterns, pattern)
	}
	return func(v any) bool {
		s, ok := v.(string)
		for _, pattern := range patterns {
			if ok && pattern.MatchString(s) {
				return true
			}
		}
		return ok && len(patterns) == 0
	}
}

func isString(v any) bool { _, ok := v.(string); return ok }

func (t *typeExpr) variantMatcher() matcher {
	all := make([]matcher, len(t.args))
	for i := range t.args {
		all[i] = t.inner(i)
	}
	return either(all...)
}
