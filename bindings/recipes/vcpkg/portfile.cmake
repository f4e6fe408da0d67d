# vcpkg has no Rust, so cargo is that of the machine.
find_program(CARGO cargo REQUIRED)
find_program(MAKE make REQUIRED)

vcpkg_download_distfile(ARCHIVE
    URLS "https://example.org/centra/centra-${VERSION}.tar.gz"
    FILENAME "centra-${VERSION}.tar.gz"
    # of the release
    SHA512 0
)
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${ARCHIVE}")

# The library has one build, without debug information.
set(VCPKG_BUILD_TYPE release)
set(VCPKG_POLICY_MISMATCHED_NUMBER_OF_BINARIES enabled)

vcpkg_execute_required_process(
    COMMAND "${MAKE}" all "CARGO=${CARGO}"
    WORKING_DIRECTORY "${SOURCE_PATH}"
    LOGNAME "build-${TARGET_TRIPLET}"
)
vcpkg_execute_required_process(
    COMMAND "${MAKE}" install "CARGO=${CARGO}" "PREFIX=${CURRENT_PACKAGES_DIR}"
    WORKING_DIRECTORY "${SOURCE_PATH}"
    LOGNAME "install-${TARGET_TRIPLET}"
)

# Files for CMake are to lie in share, from where the libraries and headers are looked for in other folders.
# centra::centra is shared and centra::static is not, whatever the linkage of the triplet, so both libraries stay.
file(GLOB configuration "${CURRENT_PACKAGES_DIR}/lib/cmake/centra/*.cmake")
file(COPY ${configuration} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib/cmake")
set(configuration "${CURRENT_PACKAGES_DIR}/share/${PORT}/centra-config.cmake")
vcpkg_replace_string("${configuration}" [[/../.." ABSOLUTE]] [[/../../lib" ABSOLUTE]])
vcpkg_replace_string("${configuration}" [[/../../../include" ABSOLUTE]] [[/../../include" ABSOLUTE]])
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/doc")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE-MIT" "${SOURCE_PATH}/LICENSE-APACHE")
