package orchestrator

import "sync"

// crew does tasks in goroutines of their own. It keeps goroutines that have nothing to do for the tasks
// to come, so that their stacks need not grow again for each: runs may be short and many.
type crew struct {
	busy sync.WaitGroup

	mu        sync.Mutex // guards all below
	idle      []chan func()
	dismissed bool // goroutines that have nothing to do end
}

// maxIdle is how many goroutines are kept.
const maxIdle = 128

// do does a task, in a goroutine.
func (c *crew) do(task func()) {
	c.busy.Add(1)
	if next := c.take(); next != nil {
		next <- task
		return
	}
	go c.work(task)
}

// take takes a goroutine that has nothing to do, nil if there is none.
func (c *crew) take() (next chan func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.idle) - 1; last >= 0 {
		next, c.idle = c.idle[last], c.idle[:last]
	}
	return next
}

// work does a task, and then those to come.
func (c *crew) work(task func()) {
	next := make(chan func(), 1)
	for task != nil {
		c.finish(task)
		if !c.rest(next) {
			return
		}
		task = <-next
	}
}

// finish does a task, which may end the goroutine.
func (c *crew) finish(task func()) {
	defer c.busy.Done()
	task()
}

// rest leaves word that a goroutine has nothing to do, and reports whether it is kept.
func (c *crew) rest(next chan func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dismissed || len(c.idle) >= maxIdle {
		return false
	}
	c.idle = append(c.idle, next)
	return true
}

// dismiss waits until all tasks are done, and lets the goroutines end.
func (c *crew) dismiss() {
	c.busy.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dismissed = true
	for _, next := range c.idle {
		close(next)
	}
	c.idle = nil
}
