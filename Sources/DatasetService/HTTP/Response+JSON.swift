import FoundationEssentials
import HTTPTypes
import Hummingbird
import LookoutVision
import NIOCore

extension Response {
    /// A JSON answer; slashes are left alone, so that lines travel as short as they came.
    static func json(_ body: some Encodable, status: HTTPResponse.Status) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let data = try encoder.encode(body)
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }

    /// The answer of an operation, with the status the model gives it.
    static func json(_ body: some Encodable, of operation: Operation) throws -> Response {
        try json(body, status: HTTPResponse.Status(code: operation.successStatus))
    }
}
