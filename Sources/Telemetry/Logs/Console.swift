internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Standard error, shared by log lines and one line of progress.
///
/// On a terminal the progress stays at the bottom and is drawn over itself; elsewhere it becomes plain lines, so that a
/// file or a pipe never sees a control character.
package final class Console: Sendable {
    package static let shared = Console()

    private struct State {
        var progress = ""
    }

    package let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    private init() {}

    /// Writes a line above the progress.
    package func line(_ text: String) {
        state.withLock { state in
            guard isTerminal, !state.progress.isEmpty else { return write(text + "\n") }
            write("\r\u{1B}[2K" + text + "\n" + state.progress)
        }
    }

    /// Replaces the progress on a terminal; elsewhere writes it as a line of its own.
    package func progress(_ text: String) {
        guard isTerminal else { return line(text) }
        let text = Self.cut(text, toColumns: Self.columns)
        state.withLock { state in
            state.progress = text
            write("\r\u{1B}[2K" + text)
        }
    }

    /// Leaves the progress standing and goes on below it.
    package func endProgress() {
        state.withLock { state in
            guard isTerminal, !state.progress.isEmpty else { return }
            state.progress = ""
            write("\n")
        }
    }

    private static var columns: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// A line that wraps could not be drawn over.
    private static func cut(_ text: String, toColumns columns: Int) -> String {
        text.count < columns ? text : text.prefix(max(1, columns - 2)) + "…"
    }

    private func write(_ text: String) {
        // A closed standard error is nobody's to mend; the work goes on.
        _ = Descriptor.standardError.write(text)
    }
}
