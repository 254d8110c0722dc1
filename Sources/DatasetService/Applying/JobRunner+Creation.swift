import Logging

extension JobRunner {
    /// Fills a dataset from its manifest. What an attempt before has left is removed first, and so is everything where
    /// the manifest turns out to be bad: a dataset is created whole or not at all.
    func create(_ id: DatasetID) async throws {
        guard let creation = try await store.pendingCreation(id) else { return }
        try await clear(creation)
        let outcome = try await load(creation)
        if case .failed = outcome { try await clear(creation) }
        try await store.finish(creation, outcome)
        let dataset: Logger.MetadataValue = "\(creation.dataset)"
        switch outcome {
        case .created(let images):
            logger.info("Dataset created", metadata: ["dataset": dataset, "images": "\(images)"])
        case .failed(let message):
            logger.info("Dataset not created", metadata: ["dataset": dataset, "reason": "\(message)"])
        }
    }

    private func clear(_ creation: PendingCreation) async throws {
        while try await !store.clear(creation) { try Self.checkStop() }
    }

    private func load(_ creation: PendingCreation) async throws -> CreationOutcome {
        guard let manifests else {
            return .failed(message: "The service was started without a folder of manifests.")
        }
        do {
            return try await load(creation, from: try manifests.open(creation.source))
        } catch let failure as ManifestFile.Failure {
            return .failed(message: "The manifest \(creation.source) \(failure.reason).")
        }
    }

    private func load(_ creation: PendingCreation, from file: consuming ManifestFile) async throws -> CreationOutcome {
        let limit = store.quotas.images(of: creation.dataset.type)
        var reader = LineReader()
        while let chunk = try file.next() {
            try Self.checkStop()
            if chunk.followsLongLine { reader.passOverLongLine() }
            let batch = LineBatch(bytes: chunk.bytes, lines: reader.read(chunk.bytes))
            if let limit, reader.count > limit {
                return .failed(message: "The manifest has more than \(limit) images, the quota of this dataset.")
            }
            // Once a line is bad the others are only judged, so that the message can count.
            guard reader.problems.isEmpty, let bucket = reader.bucket else { continue }
            try await store.append(batch, bucket: bucket, to: creation)
        }
        guard reader.problems.isEmpty else {
            return .failed(message: "Nothing was created: \(reader.problems.text).")
        }
        guard reader.count > 0 else { return .failed(message: "Nothing was created: the manifest has no JSON Lines.") }
        return .created(images: reader.count)
    }
}
