/// The folder that stands in for S3: the manifest `s3://BUCKET/KEY` is the file `BUCKET/KEY` in it.
struct ManifestFolder: Sendable {
    private let path: String

    /// - Parameter path: May itself be a symbolic link; below it none is followed.
    init(path: String) {
        self.path = path
    }

    /// Opens a manifest. Every step is taken from the folder before it and follows no symbolic link, so that nothing
    /// outside can be reached, whatever is renamed meanwhile.
    func open(_ address: ManifestAddress) throws(ManifestFile.Failure) -> ManifestFile {
        let segments = address.key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let steps = [address.bucket] + segments
        guard steps.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw ManifestFile.Failure(reason: "cannot be a file: its key has an empty part, . or ..")
        }
        var folder = FileDescriptor(folder: path)
        for step in steps.dropLast() { folder = folder?.folder(step) }
        guard let file = folder?.file(steps[steps.count - 1]) else {
            throw ManifestFile.Failure(
                reason: "cannot be read: there is no such file in the folder of manifests, or it may not be opened")
        }
        return ManifestFile(file)
    }
}
