package puppet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// SensitiveParams returns the names of the parameters of a task that its metadata says are sensitive,
// in order: for [orchestrator.Options].SensitiveParams. It returns nil for a task that is not known
// or whose metadata cannot be read.
func (r *Runner) SensitiveParams(task string) []string {
	t, err := r.findTask(task)
	if err != nil {
		return nil
	}
	var names []string
	for name, p := range t.Parameters {
		if p.Sensitive || strings.HasPrefix(strings.TrimSpace(p.Type), "Sensitive") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// task is a task of a module.
type task struct {
	metadata

	name    string
	module  string   // the directory of the module
	scripts []string // the names of the task's files that are not metadata
}

// errUnknownTask: no module has the task.
var errUnknownTask = errors.New("unknown task")

// findTask looks a task up in the modules.
func (r *Runner) findTask(name string) (*task, error) {
	module, base, ok := strings.Cut(name, "::")
	if !ok {
		base = "init"
	}
	if !isModule(module) || !isModule(base) {
		return nil, fmt.Errorf("%w %q", errUnknownTask, name)
	}
	dir, err := r.findModule(module)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", errUnknownTask, name, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("task %q: %w", name, withoutPath(err))
	}
	defer func() { _ = root.Close() }()
	t := &task{name: name, module: dir}
	if t.scripts, err = scriptsOf(root.FS(), base); err != nil {
		return nil, fmt.Errorf("%w %q: module %s has no such task", errUnknownTask, name, module)
	}
	text, err := root.ReadFile("tasks/" + base + ".json")
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(t.scripts) > 0:
		return t, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w %q: module %s has no such task", errUnknownTask, name, module)
	case err != nil:
		return nil, fmt.Errorf("task %q: %w", name, withoutPath(err))
	}
	if t.metadata, err = parseMetadata(text); err != nil {
		return nil, fmt.Errorf("task %q: its metadata: %w", name, err)
	}
	return t, nil
}

// findModule returns the directory of a module.
func (r *Runner) findModule(name string) (string, error) {
	for _, dir := range r.opts.ModulePath {
		dir = filepath.Join(dir, name)
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	return "", fmt.Errorf("there is no module %s", name)
}

// scriptsOf returns the names of the files in a module that can be a task's program.
func scriptsOf(module fs.FS, base string) ([]string, error) {
	entries, err := fs.ReadDir(module, "tasks")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		ext := path.Ext(name)
		if strings.TrimSuffix(name, ext) == base && ext != ".json" && ext != ".md" && !entry.IsDir() {
			names = append(names, name)
		}
	}
	return names, nil
}

// program returns the program that is the task where there are certain features, and the files that
// it needs besides.
func (t *task) program(features map[string]bool) (implementation, error) {
	impl := implementation{}
	switch {
	case len(t.Executables) > 0:
		var err error
		if impl, err = t.choose(features); err != nil {
			return impl, err
		}
	case len(t.scripts) == 1:
		impl.Name = t.scripts[0]
	default:
		return impl, fmt.Errorf("it has %d programs, and its metadata does not say which one to run", len(t.scripts))
	}
	if impl.Method == "" {
		impl.Method = t.Method
	}
	if impl.Method == "powershell" || path.Ext(impl.Name) == ".ps1" {
		return impl, errors.New("it is made for PowerShell, and no node is reached that could run it")
	}
	impl.Files = slices.Concat(t.Files, impl.Files)
	return impl, nil
}

// readFiles calls do with each file that a task needs besides its program: where it is, below the
// directory that all of them are put into, and what is in it.
func (r *Runner) readFiles(files []string, do func(place string, content []byte) error) error {
	for _, file := range files {
		module, inside, err := splitFile(file)
		if err != nil {
			return err
		}
		dir, err := r.findModule(module)
		if err != nil {
			return fmt.Errorf("the file %q: %w", file, err)
		}
		if err := readBelow(dir, strings.TrimSuffix(inside, "/"), func(inside string, content []byte) error {
			return do(path.Join(module, inside), content)
		}); err != nil {
			return fmt.Errorf("the file %q: %w", file, withoutPath(err))
		}
	}
	return nil
}

// readBelow calls do with a file of a module, or with each of those in a directory.
func readBelow(module, inside string, do func(inside string, content []byte) error) error {
	root, err := os.OpenRoot(module)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), inside, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := root.ReadFile(name)
		if err != nil {
			return err
		}
		return do(name, content)
	})
}

// withoutPath returns what is wrong with a file without saying where on this machine it is.
func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
