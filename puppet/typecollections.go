package puppet

// arrayMatcher returns the matcher of Array: of its elements, and of how many there may be.
func (t *typeExpr) arrayMatcher() matcher {
	element, bounds := matcher(anything), t.limitsFrom(0)
	if len(t.args) > 0 && t.args[0].bare == "" {
		element, bounds = t.inner(0), t.limitsFrom(1)
	}
	return func(v any) bool {
		all, ok := v.([]any)
		if !ok || !bounds.admitLength(len(all)) {
			return false
		}
		for _, one := range all {
			if !element(one) {
				return false
			}
		}
		return true
	}
}

// hashMatcher returns the matcher of Hash: of its keys and values, and of how many there may be.
func (t *typeExpr) hashMatcher() matcher {
	key, value, bounds := matcher(anything), matcher(anything), t.limitsFrom(0)
	if len(t.args) > 1 && t.args[0].bare == "" {
		key, value, bounds = t.inner(0), t.inner(1), t.limitsFrom(2)
	}
	return func(v any) bool {
		all, ok := v.(map[string]any)
		if !ok || !bounds.admitLength(len(all)) {
			return false
		}
		for k, v := range all {
			if !key(k) || !value(v) {
				return false
			}
		}
		return true
	}
}

// tupleMatcher returns the matcher of Tuple: of its elements one by one, of which the last may stand
// for several if numbers say how many there may be.
func (t *typeExpr) tupleMatcher() matcher {
	var elements []matcher
	for i, arg := range t.args {
		if arg.bare != "" {
			break
		}
		elements = append(elements, t.inner(i))
	}
	bounds := t.limitsFrom(len(elements))
	bounded := len(t.args) > len(elements)
	return func(v any) bool {
		all, ok := v.([]any)
		if !ok || bounded && !bounds.admitLength(len(all)) || !bounded && len(all) != len(elements) {
			return false
		}
		for i, one := range all {
			if len(elements) > 0 && !elements[min(i, len(elements)-1)](one) {
				return false
			}
		}
		return true
	}
}

// structMatcher returns the matcher of Struct: of all its members, and no other ones. A member may be
// missing if its key is Optional, or, unless its key is NotUndef, if its value may be null.
func (t *typeExpr) structMatcher() matcher {
	type rule struct {
		value    matcher
		optional bool
	}
	rules := make(map[string]rule)
	for _, arg := range t.args {
		for _, m := range arg.members {
			key, value := m.key, m.value.matcher()
			optional := value(nil)
			if key.typ != nil && len(key.typ.args) > 0 {
				optional = key.typ.name == "Optional"
				key = key.typ.args[0]
			}
			if key.text != nil {
				rules[*key.text] = rule{value, optional}
			}
		}
	}
	return func(v any) bool {
		all, ok := v.(map[string]any)
		if !ok {
			return false
		}
		for name, rule := range rules {
			value, given := all[name]
			if given && !rule.value(value) || !given && !rule.optional {
				return false
			}
		}
		for name := range all {
			if _, ok := rules[name]; !ok && len(t.args) > 0 {
				return false
			}
		}
		return true
	}
}
