# Packages of Debian for AArch64, fetched as files, so that nothing is installed; read by the shell scripts that need some.

# Has their lists.
lists_of_arm64() {
    dpkg --print-foreign-architectures | grep -q arm64 || { dpkg --add-architecture arm64 && apt-get update -q; }
}

# Unpacks these packages into the current folder.
unpack() {
    apt-get download -q "$@"
    for package in *.deb; do dpkg -x "$package" .; done
    rm ./*.deb
}
