package puppet

import (
	"context"
	"crypto/rand"
	"errors"
	"path"

	"github.com/seed-54b7607b/orchestrator"
)

// taskScript runs the program $1 in the directory $2, which it then removes, so that nothing is left
// even if nobody waits any more.
const taskScript = `chmod -R u+rwx "$2" && "$1"; s=$?; cd /; rm -rf "$2"; exit "$s"`

// removeScript removes the directories that taskDir can have named. What another user has put in the
// way as a link is removed and not followed.
const removeScript = `rm -rf "$1"-*`

// taskDir returns a new directory for a task's files, which the first of them makes: readable by its
// owner only, and with a name that cannot be guessed, because others may write to where it is.
func (r *Runner) taskDir(req orchestrator.RunRequest) string {
	return r.taskDirs(req) + "-" + rand.Text()
}

// taskDirs is what the names of the directories for a node of a job begin with.
func (r *Runner) taskDirs(req orchestrator.RunRequest) string {
	return path.Join(r.opts.TempDir, r.commandID(req, 1))
}

// removeTaskDir removes a directory with a task's files; if it is not known which one it was, all
// that it can have been.
func (r *Runner) removeTaskDir(ctx context.Context, req orchestrator.RunRequest, dir string) {
	ctx, cancel := outlasting(ctx)
	defer cancel()
	var err error
	if dir != "" {
		err = r.transport.Remove(ctx, req.Node, dir)
	} else {
		var exit Exit
		exit, err = r.transport.Run(ctx, req.Node, Command{Argv: []string{"sh", "-c", removeScript, "sh", r.taskDirs(req)}})
		if err == nil && exit.Status != 0 {
			err = errors.New(whyNot(exit))
		}
	}
	if err != nil {
		r.opts.Logger.Warn("files of a task not removed from a node", "job", req.Job, "node", req.Node, "err", err)
	}
}
