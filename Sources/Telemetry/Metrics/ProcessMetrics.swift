#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// The process as its system sees it, under the names that every Prometheus client uses.
///
/// Read from Linux's `/proc`, see proc(5); elsewhere there is nothing to read and nothing is exposed.
package enum ProcessMetrics {
    /// For ``PrometheusMetrics/addCollector(_:)``.
    package static func collect() -> [MetricFamily] {
        #if os(Linux)
            guard let stat = ProcessStatus(ProcFile.read("/proc/self/stat")) else { return [] }
            let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
            var families = [
                MetricFamily(.counter, "process_cpu_seconds_total", Double(stat.cpuTicks) / ticks),
                MetricFamily(.gauge, "process_virtual_memory_bytes", Double(stat.virtualBytes)),
                MetricFamily(
                    .gauge, "process_resident_memory_bytes",
                    Double(stat.residentPages) * Double(sysconf(Int32(_SC_PAGESIZE)))),
            ]
            if let boot = bootTime {  // of the system, in seconds since 1970
                families.append(
                    MetricFamily(.gauge, "process_start_time_seconds", boot + Double(stat.startTicks) / ticks))
            }
            if let open = ProcFile.entries("/proc/self/fd") {
                families.append(MetricFamily(.gauge, "process_open_fds", Double(open)))
            }
            var limit = rlimit()
            if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
                families.append(MetricFamily(.gauge, "process_max_fds", Double(limit.rlim_cur)))
            }
            return families
        #else
            return []
        #endif
    }

    #if os(Linux)
        private static var bootTime: Double? {
            for line in ProcFile.read("/proc/stat").split(separator: "\n") where line.hasPrefix("btime ") {
                return Double(line.dropFirst("btime ".count))
            }
            return nil
        }
    #endif
}

/// The fields of `/proc/self/stat` that are wanted.
struct ProcessStatus: Equatable {
    /// In user and kernel mode together.
    var cpuTicks: UInt64
    /// After the system's start.
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: UInt64

    /// nil where the text is not what proc(5) says.
    init?(_ text: String) {
        // The second field is the program's name in parentheses, which may hold anything, these included.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map { UInt64($0) }
        // proc(5) counts from 1, and the third field is the first here.
        func field(_ number: Int) -> UInt64? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
        guard let user = field(14), let system = field(15), let start = field(22), let size = field(23),
            let resident = field(24)
        else { return nil }
        cpuTicks = user + system
        startTicks = start
        virtualBytes = size
        residentPages = resident
    }
}

#if os(Linux)
    private enum ProcFile {
        /// Empty where it cannot be read.
        static func read(_ path: String) -> String {
            guard let file = fopen(path, "r") else { return "" }
            defer { fclose(file) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = fread(&chunk, 1, chunk.count, file)
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += chunk[..<count]
            }
        }

        /// How many entries a folder has; nil where it cannot be read. The look itself holds one descriptor open.
        static func entries(_ path: String) -> Int? {
            guard let folder = opendir(path) else { return nil }
            defer { closedir(folder) }
            var count = 0
            while let entry = readdir(folder) {
                if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
            }
            return count - 1
        }
    }
#endif
