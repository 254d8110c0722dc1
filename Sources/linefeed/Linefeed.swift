@main struct Linefeed { static func main() { print("linefeed") } }
