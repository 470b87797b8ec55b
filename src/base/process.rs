//! What a process that holds secrets does before it holds any.

/// Lets no memory of this process reach a core file, nor another process of the same user through a debugger. Where the
/// system refuses, the run goes on: nothing depends on it.
pub fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
