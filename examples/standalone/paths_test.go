//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// raw sends text as it is to a server, and returns the answers to it.
func (r *running) raw(text string) []answer {
	r.t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(r.base, "http://"), "/")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	var answers []answer
	for reader := bufio.NewReader(conn); ; {
		res, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return answers
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			r.t.Fatal(err)
		}
		answers = append(answers, answer{res.StatusCode, res.Header, string(body)})
	}
}

// However a path is written, it leads to nothing without a token, and nowhere else. No two parts of the
// server can read it differently: the one that asks for the token is the one that answers.
func TestPathsLeadNowhereWithoutAToken(t *testing.T) {
	token, line := newTokenLine(t, "-new-token", "casey")
	file := filepath.Join(t.TempDir(), "tokens")
	writeFile(t, file, line)
	r := start(t, "-store", "memory", "-command", "true", "-tokens", file)
	r.want(http.StatusAccepted, "", http.MethodPost, "/command/deploy", deployTo("marker"), "X-Authentication", token)
	r.ends("1", "X-Authentication", token)
	const v1 = "/orchestrator/v1"
	for _, path := range []string{
		v1 + "/jobs/1", v1 + "//jobs/1", "//orchestrator/v1/jobs/1", "//evil.example.com/orchestrator/v1/jobs", v1 + "/./jobs/1", v1 + "/x/../jobs/1",
		v1 + "/%2e/jobs/1", v1 + "/x/%2e%2e/jobs/1", v1 + "/..%2fv1/jobs/1", v1 + "%2fjobs%2f1", "/orchestrator%2fv1/jobs/1", v1 + "/jobs%2f1", v1 + "/jobs/%31",
		v1 + "/jobs/1%2fnodes", v1 + "/jobs/1/nodes/", v1 + "/jobs/1;x/nodes", v1 + "/jobs/1%00", v1 + "/jobs/1%0d%0aX-Evil:1", v1 + "/jobs\\1", v1 + "/JOBS/1",
		v1 + "/public/../jobs/1", v1 + "/jobs/1/events?start=1", v1 + v1 + "/jobs/1", "/x" + v1 + "/jobs/1", v1 + "/jobs/1#x", v1 + "/jobs?/status",
		"http://evil.example.com" + v1 + "/jobs/1", "http://user:pass@localhost" + v1 + "/jobs/1", "*", v1 + "/%", v1 + "/jobs/%zz", "/", "",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "get", "PUT", "TRACE", "CONNECT"} {
			for _, a := range r.raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") {
				if a.status < 300 || a.status >= 500 || strings.Contains(a.text, "marker") || a.header.Get("X-Evil") != "" {
					t.Errorf("%s %s: %+v", method, path, a)
				}
				if to := a.header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\")) {
					t.Errorf("%s %s: sent to %s", method, path, to)
				}
			}
		}
	}
}

// What could be read as one request or as two is read as none.
func TestRequestsThatCanBeReadInTwoWays(t *testing.T) {
	r := start(t, "-store", "memory", "-command", "true")
	const head = "POST /orchestrator/v1/command/stop HTTP/1.1\r\nHost: localhost\r\n"
	second := "GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	for name, text := range map[string]string{
		"two lengths":             head + "Content-Length: 4\r\nContent-Length: 0\r\n\r\n{}{}" + second,
		"a length that is none":   head + "Content-Length: +4\r\n\r\n{}{}" + second,
		"an unknown encoding":     head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + second,
		"two encodings":           head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + second,
		"a blank before a colon":  head + "Content-Length : 4\r\n\r\n{}{}" + second,
		"a folded header":         head + " Content-Length: 4\r\n\r\n{}{}" + second,
		"two hosts":               "GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com\r\n\r\n" + second,
		"no host":                 "GET /orchestrator/v1/jobs HTTP/1.1\r\n\r\n" + second,
		"a host that is none":     "GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: a b\r\n\r\n" + second,
		"a chunk that is no size": head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + second,
	} {
		answers := r.raw(text)
		if len(answers) != 1 || answers[0].status < 400 || answers[0].status >= 500 && answers[0].status != http.StatusNotImplemented {
			t.Errorf("%s: %+v", name, answers)
		}
	}
}

// The host that a request is for is that of its line, if it has one there, or else that of its header.
func TestHostOfARequestLine(t *testing.T) {
	r := start(t, "-store", "memory", "-command", "true")
	for line, status := range map[string]int{
		"GET http://localhost/orchestrator/v1/jobs HTTP/1.1\r\nHost: evil.example.com":      http.StatusOK,
		"GET http://evil.example.com/orchestrator/v1/jobs HTTP/1.1\r\nHost: localhost":      http.StatusForbidden,
		"GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: evil.example.com\r\nX-Host: localhost": http.StatusForbidden,
		"GET /orchestrator/v1/jobs HTTP/1.1\r\nHost:":                                       http.StatusForbidden,
		"GET /orchestrator/v1/jobs HTTP/1.0\r\nX-Forwarded-Host: localhost":                 http.StatusForbidden,
		"GET //localhost/orchestrator/v1/jobs HTTP/1.1\r\nHost: evil.example.com":           http.StatusForbidden,
		"GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: localhost@evil.example.com":            http.StatusForbidden,
		"GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: evil.example.com#localhost":            http.StatusForbidden,
		"GET /orchestrator/v1/jobs HTTP/1.1\r\nHost: [::1]:8143":                            http.StatusOK,
	} {
		answers := r.raw(line + "\r\nConnection: close\r\n\r\n")
		if len(answers) != 1 || answers[0].status != status && (status != http.StatusForbidden || answers[0].status != http.StatusBadRequest) {
			t.Errorf("%s: %+v", line, answers)
		}
	}
}
