// The settings loop in Package.swift applies to every target alike; a feature whose name is misspelt there is
// silently off. This file is where such a mistake stops the build.

#if !hasFeature(ExistentialAny)
    #error("ExistentialAny is off: see the settings loop in Package.swift")
#endif
#if !hasFeature(InternalImportsByDefault)
    #error("InternalImportsByDefault is off: see the settings loop in Package.swift")
#endif
#if !hasFeature(MemberImportVisibility)
    #error("MemberImportVisibility is off: see the settings loop in Package.swift")
#endif
#if !hasFeature(NonisolatedNonsendingByDefault)
    #error("NonisolatedNonsendingByDefault is off: see the settings loop in Package.swift")
#endif
