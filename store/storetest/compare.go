package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

// same returns an error that says where got differs from want. Times are the same if they are
// the same instant and got is in UTC; a slice without elements is the same as nil, except that
// JSON that is nil must come back as nil.
func same(what string, want, got any) error {
	return differ(what, reflect.ValueOf(want), reflect.ValueOf(got))
}

var timeType = reflect.TypeFor[time.Time]()

func differ(at string, want, got reflect.Value) error {
	if want.Type() != got.Type() {
		return fmt.Errorf("%s: got a %v, want a %v", at, got.Type(), want.Type())
	}
	switch {
	case want.Type() == timeType:
		return differTime(at, want.Interface().(time.Time), got.Interface().(time.Time))
	case want.Kind() == reflect.Struct:
		for i := range want.NumField() {
			if err := differ(at+"."+want.Type().Field(i).Name, want.Field(i), got.Field(i)); err != nil {
				return err
			}
		}
		return nil
	case want.Kind() == reflect.Slice:
		return differSlice(at, want, got)
	case want.Kind() == reflect.Pointer:
		if want.IsNil() || got.IsNil() {
			if want.IsNil() != got.IsNil() {
				return fmt.Errorf("%s: got a pointer that is nil: %t, want: %t", at, got.IsNil(), want.IsNil())
			}
			return nil
		}
		return differ(at, want.Elem(), got.Elem())
	case want.Interface() == got.Interface():
		return nil
	case want.Kind() == reflect.String:
		return fmt.Errorf("%s: got %q, want %q", at, brief(got.String()), brief(want.String()))
	default:
		return fmt.Errorf("%s: got %v, want %v", at, got, want)
	}
}

func differTime(at string, want, got time.Time) error {
	if !want.Equal(got) {
		return fmt.Errorf("%s: got the time %v, want %v", at, got, want)
	}
	if got.Location() != time.UTC {
		return fmt.Errorf("%s: got a time in %v, want UTC", at, got.Location())
	}
	return nil
}

func differSlice(at string, want, got reflect.Value) error {
	if want.Type().Elem().Kind() == reflect.Uint8 {
		if string(want.Bytes()) != string(got.Bytes()) {
			return fmt.Errorf("%s: got %q, want %q", at, brief(string(got.Bytes())), brief(string(want.Bytes())))
		}
		if want.IsNil() && !got.IsNil() {
			return fmt.Errorf("%s: got an empty value, want nil", at)
		}
		return nil
	}
	if want.Len() != got.Len() {
		return fmt.Errorf("%s: got %d elements, want %d", at, got.Len(), want.Len())
	}
	for i := range want.Len() {
		if err := differ(fmt.Sprintf("%s[%d]", at, i), want.Index(i), got.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// brief returns the beginning of a long text.
func brief(text string) string {
	const limit = 200
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}

// wantError returns an error unless err matches target.
func wantError(what string, err, target error) error {
	if !errors.Is(err, target) {
		return fmt.Errorf("%s: got the error %v, want one that matches %q", what, err, target)
	}
	return nil
}

// scribble overwrites all memory that the pointer v gives access to beyond the value itself:
// the elements of slices and what pointers point to.
func scribble(v any) { scribbleInto(reflect.ValueOf(v).Elem(), false) }

// scribbleInto overwrites v if it is shared, and all that v shares with others.
func scribbleInto(v reflect.Value, shared bool) {
	switch {
	case v.Type() == timeType:
		if shared {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
		}
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			scribbleInto(field, shared)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			scribbleInto(v.Index(i), true)
		}
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			scribbleInto(v.Elem(), true)
		}
	case !shared:
	case v.Kind() == reflect.String:
		v.SetString("scribbled")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 77)
	case v.CanUint():
		v.SetUint(v.Uint() ^ 'x')
	}
}
