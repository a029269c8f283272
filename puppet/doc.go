// Package puppet runs the Puppet agent and Puppet tasks on nodes: its [Runner] is an
// [orchestrator.Runner], and a [Transport] says how nodes are reached.
//
// # Deploys
//
// A deploy runs "puppet agent" once on each node. What became of it is told by the report that the
// agent leaves on the node and not by its exit status, which is 0 for a run that was cut short as well:
//
//   - finished: the agent's transaction was completed and nothing in it failed;
//   - failed: a resource failed, or the transaction was begun and not completed;
//   - errored: there was no run to speak of. The agent is not there, is disabled, or stayed locked by
//     another run; there was no catalog; the environment was not the one that is enforced.
//
// A result holds what the report says about the run: status, metrics, noop, environment,
// configuration_version, transaction_uuid and corrective_change.
//
// # Tasks
//
// A task is looked up in the modules of [Options].ModulePath, on the orchestrator's own machine. Its
// parameters are checked against its metadata, its files are copied into a private directory on the
// node, and it is run there. Parameters reach it by standard input and the environment, never by
// arguments.
//
// Parameters are checked against the types that the Puppet language has for data. A type that is not
// known here, such as an alias that a module defines, admits every value, and so does a pattern in a
// syntax that Go's regular expressions do not have.
package puppet
