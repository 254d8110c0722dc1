import FoundationEssentials

/// The files that the AWS tools share, and the profile in them that is meant.
///
/// `AWS_SHARED_CREDENTIALS_FILE` (else `~/.aws/credentials`), `AWS_CONFIG_FILE` (else `~/.aws/config`) and `AWS_PROFILE`
/// (else `default`). Where both files name a setting, the credentials file holds.
package struct SharedFiles: Sendable {
    let credentialsPath: String?
    let configPath: String?
    /// The profile that is read.
    package let profile: String
    /// Whether somebody asked for the profile by name: then it has to exist.
    let isProfileNamed: Bool

    /// - Parameters:
    ///   - environment: of the process.
    ///   - profile: goes before `AWS_PROFILE`.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment, profile: String? = nil) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = value("HOME")
        func path(_ name: String, _ standard: String) -> String? {
            guard let path = value(name) else { return home.map { "\($0)/.aws/\(standard)" } }
            guard path.hasPrefix("~/"), let home else { return path }
            return home + path.dropFirst()
        }
        credentialsPath = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        configPath = path("AWS_CONFIG_FILE", "config")
        let named = profile ?? value("AWS_PROFILE")
        self.profile = named ?? "default"
        isProfileNamed = named != nil
    }

    /// The region that the profile names, if it does.
    package func region() throws(CredentialError) -> String? {
        try settings()?["region"]
    }

    /// The profile's settings, by lower-case name; `nil` where neither file has it and nobody asked for it by name.
    func settings() throws(CredentialError) -> [String: String]? {
        try settings(in: contents())
    }

    /// The same, in what was read before.
    func settings(in contents: Contents) throws(CredentialError) -> [String: String]? {
        if let settings = contents.settings(of: profile) { return settings }
        guard isProfileNamed else { return nil }
        throw .unusable("profile \(profile) is not in \(places)")
    }

    /// Both files as they are now.
    func contents() throws(CredentialError) -> Contents {
        Contents(
            config: try document(configPath)?.sections ?? [:],
            credentials: try document(credentialsPath)?.sections ?? [:])
    }

    /// The sections of both files.
    struct Contents: Sendable {
        let config: [String: [String: String]]
        let credentials: [String: [String: String]]

        /// A profile's settings, by lower-case name; `nil` where neither file has it. An empty setting counts as unset.
        func settings(of profile: String) -> [String: String]? {
            // The config file says `[profile x]`, except for the default profile, which may be written either way.
            let sections = [
                config["profile \(profile)"], profile == "default" ? config["default"] : nil, credentials[profile],
            ].compactMap(\.self)
            guard !sections.isEmpty else { return nil }
            return sections.reduce(into: [:]) { $0.merge($1) { $1 } }.filter { !$1.isEmpty }
        }
    }

    /// The files' names, for messages.
    var places: String {
        let paths = [credentialsPath, configPath].compactMap(\.self)
        return paths.isEmpty ? "the shared AWS files (HOME is not set)" : paths.joined(separator: " or ")
    }

    /// A file that does not exist is an empty one.
    private func document(_ path: String?) throws(CredentialError) -> INIDocument? {
        guard let path, FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unusable("\(path) cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .unusable("\(path) is not UTF-8")
        }
        do {
            return try INIDocument(text)
        } catch {
            throw .unusable("\(path), line \(error.line): \(error.reason)")
        }
    }
}
