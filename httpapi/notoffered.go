package httpapi

import "strings"

// notOffered are parts of the original API that this server does not have. Clients take the 404 that
// they get there for a server without such a part, as an older one would be.
var notOffered = []string{
	"/plan_jobs", "/plans", "/scheduled_jobs", "/environments", "/tasks", "/scopes", "/usage", "/dumplings",
	"/command/plan_start", "/command/plan_task", "/command/plan_finish", "/command/plan_run", "/command/environment_plan_run",
	"/command/stop_plan", "/command/task_target", "/command/schedule_task", "/command/schedule_deploy", "/command/schedule_plan",
}

// noRoute answers a path at which there is nothing.
func noRoute(c *call) error {
	for _, path := range notOffered {
		if rest, ok := strings.CutPrefix(c.route, path); ok && (rest == "" || rest[0] == '/') {
			name := path[strings.LastIndexByte(path, '/')+1:]
			return &failure{err: errNoRoute, msg: "This server does not offer " + name + ".", details: map[string]any{"path": path}}
		}
	}
	return errNoRoute
}
