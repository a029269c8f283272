package httpapi

// ValidationKind is the kind of the errors for requests that are not valid.
type ValidationKind string

// The kinds. Both have been sent by servers of the original API.
const (
	// DocumentedValidationKind is the one in all documentation.
	DocumentedValidationKind ValidationKind = "puppetlabs.orchestrator/validation-error"

	// RubyValidationKind is the one that the official client for Ruby turns into an error of its
	// own class. It takes the documented one for an error of the general class.
	RubyValidationKind ValidationKind = "puppetlabs.validators/validation-error"
)

// kindFor returns the kind of error that clients are shown.
func (o *Options) kindFor(a answer) string {
	if a.kind == string(DocumentedValidationKind) {
		return string(o.ValidationKind)
	}
	return a.kind
}
