import Testing
@testable import Labelling
