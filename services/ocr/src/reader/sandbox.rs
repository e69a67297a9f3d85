//! What can a reader still do once hostile bytes have taken it over?
//!
//! It cannot outlive its parent, gain privileges, write a core dump with a patient's page in it, use
//! more memory than its cap, or, where the kernel permits it, reach a network. Its environment was
//! emptied by the parent.

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use rustix::thread::{UnshareFlags, set_no_new_privs, unshare_unsafe};
use serde::{Deserialize, Serialize};

/// Whether a reader is cut off from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    Cut,
    /// The kernel refused both ways to do it.
    Reachable,
}

/// Locks this process in. Must run before it starts a thread: the kernel refuses a user namespace to
/// a process with several.
pub(super) fn enter(memory_bytes: u64) -> rustix::io::Result<Network> {
    let network = cut_network();
    // After the namespaces: Linux forgets the signal when credentials change (prctl(2)).
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_no_new_privs(true)?;
    limit(Resource::Core, 0)?;
    limit(Resource::As, memory_bytes)?;
    Ok(network)
}

fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

fn cut_network() -> Network {
    // A new user namespace needs no privilege and also takes away root's; some container hosts refuse
    // it, where a privileged process may still get a network namespace alone.
    let ways = [UnshareFlags::NEWUSER | UnshareFlags::NEWNET, UnshareFlags::NEWNET];
    // SAFETY: only `FILES` is unsound for threads that share descriptors, and it is in neither.
    let cut = ways.into_iter().any(|way| unsafe { unshare_unsafe(way) }.is_ok());
    if cut { Network::Cut } else { Network::Reachable }
}
