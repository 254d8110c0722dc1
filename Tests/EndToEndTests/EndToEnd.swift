import Testing

/// The program as its users run it: separate processes over TCP, nothing injected.
///
/// One test at a time: each has a cluster, a service and a pool of its own and takes the machine's processors.
@Suite(.serialized)
enum EndToEnd {}
