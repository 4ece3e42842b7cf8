# static-libraries.sh - builds each library of the static binary, only as much of it as the program uses.
# Sourced, never run, after common.sh, tasks.sh and static-fetch.sh. static_libraries makes them all, in $PREFIX, side
# by side; each build_NAME takes the unpacked source, works in the current folder and finds modelhook-cc in PATH.
# shellcheck shell=bash disable=SC2153

STATIC_CFLAGS="-O2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero \
-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"

# static_pinned: "NAME VERSION" of each library, in the order of fetching
static_pinned() { awk '/^[^#]/ { print $1, $2 }' "$ROOT/scripts/lib/static-sources.txt"; }

# static_needs NAME: the libraries that must be there before that one is configured
static_needs() { awk -v name="$1" '$1 == name { $1 = $2 = ""; print }' "$ROOT/scripts/lib/static-sources.txt"; }

# static_fingerprint: what the libraries are made of, as a short name
static_fingerprint() {
    {
        static_pinned
        cat "$ROOT/scripts/lib/static-libraries.sh"
        gcc --version
        dpkg-query -W -f '${Package} ${Version}\n' musl-dev binutils
    } | sha256sum | cut -c 1-12
}

# static_compiler WORK: modelhook-cc in $PREFIX/bin, musl's compiler with three differences:
# a link is a position-independent static program (with -static-pie, Debian's musl-gcc makes a dynamic one
# and says nothing); the kernel's headers are found, but none of the other C library; no path of this machine
# gets into what is built.
static_compiler() {
    local machine headers=$PREFIX/kernel
    machine=$(gcc -print-multiarch)
    mkdir -p "$PREFIX/bin" "$PREFIX/lib" "$PREFIX/include" "$headers"
    ln -s /usr/include/linux "$headers/linux"
    ln -s /usr/include/asm-generic "$headers/asm-generic"
    ln -s "/usr/include/$machine/asm" "$headers/asm"
    sed -e 's/Scrt1\.o/rcrt1.o/' \
        -e 's/^-dynamic-linker [^ ]*/-static -pie --no-dynamic-linker -z text -z now -z noexecstack/' \
        "/usr/lib/${machine%%-*}-linux-musl/musl-gcc.specs" >"$PREFIX/musl-pie.specs"
    cat >"$PREFIX/bin/modelhook-cc" <<EOF
#!/bin/sh
# Finds its own folder, so that the prefix may be moved. -static comes from the specs.
prefix=\${0%/bin/*}
exec gcc "\$@" -specs "\$prefix/musl-pie.specs" -idirafter "\$prefix/kernel" \\
    -ffile-prefix-map="\$prefix"=/static -ffile-prefix-map="$1"=/static
EOF
    chmod +x "$PREFIX/bin/modelhook-cc"
}

# static_archive NAME FLAGS FILE.c...: objects of the files in the current folder, and the archive of them
static_archive() {
    local name=$1 flags=$2 objects
    shift 2
    # shellcheck disable=SC2086  # flags are words
    printf '%s\n' "$@" | xargs -P "$JOBS" -n 1 modelhook-cc $STATIC_CFLAGS $flags -c
    objects=("${@##*/}")
    objects=("${objects[@]%.c}")
    rm -f "$PREFIX/lib/$name"
    ar rcsD "$PREFIX/lib/$name" "${objects[@]/%/.o}"
}

# static_cmake SOURCE OPTION...: configures in ./build. CMAKE_SYSTEM_NAME stays unset: naming it makes
# the build a cross build, which answers no to what can only be found out by running a program.
static_cmake() {
    local source=$1
    shift
    cmake -S "$source" -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE=-DNDEBUG \
        -DCMAKE_C_COMPILER="$PREFIX/bin/modelhook-cc" -DCMAKE_C_FLAGS="$STATIC_CFLAGS" \
        -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_FIND_ROOT_PATH="$PREFIX" \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY \
        -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DPKG_CONFIG_EXECUTABLE=/bin/false \
        -DBUILD_SHARED_LIBS=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
        -DZLIB_LIBRARY="$PREFIX/lib/libz.a" -DZLIB_INCLUDE_DIR="$PREFIX/include" "$@"
}

# static_switches VALUE PREFIX NAME...: -DPREFIXNAME=VALUE for each
static_switches() {
    local value=$1 prefix=$2
    shift 2
    printf -- "-D$prefix%s=$value " "$@"
}

build_zlib() {
    cd "$1" || return
    static_archive libz.a "-DHAVE_UNISTD_H -DHAVE_STDARG_H -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN" \
        adler32.c compress.c crc32.c deflate.c gzclose.c gzlib.c gzread.c gzwrite.c infback.c inffast.c \
        inflate.c inftrees.c trees.c uncompr.c zutil.c
    cp zlib.h zconf.h "$PREFIX/include/"
}

# its checksum alone
build_libdeflate() {
    cd "$1" || return
    static_archive libdeflate.a "-I$1" lib/crc32.c lib/x86/cpu_features.c
    cp libdeflate.h "$PREFIX/include/"
}

build_cjson() {
    cd "$1" || return
    static_archive libcjson.a -std=c89 cJSON.c
    mkdir -p "$PREFIX/include/cjson"
    cp cJSON.h "$PREFIX/include/cjson/"
}

# with dynamic allocation, as Debian's own library has it
build_nanopb() {
    cd "$1" || return
    static_archive libprotobuf-nanopb.a -DPB_ENABLE_MALLOC pb_common.c pb_decode.c
    cp pb.h pb_common.h pb_decode.h "$PREFIX/include/"
}

# the parser alone: no entities but XML's own five, no context of errors
build_expat() {
    # shellcheck disable=SC2046  # the switches are words
    static_cmake "$1/expat" -DEXPAT_CONTEXT_BYTES=0 \
        $(static_switches OFF EXPAT_ SHARED_LIBS DTD GE) \
        $(static_switches OFF EXPAT_BUILD_ TOOLS EXAMPLES TESTS DOCS FUZZERS PKGCONFIG)
    cmake --build build
    cp build/libexpat.a "$PREFIX/lib/"
    cp "$1/expat/lib/expat.h" "$1/expat/lib/expat_external.h" "$PREFIX/include/"
}

# the parser alone
build_libyaml() {
    cd "$1" || return
    static_archive libyaml.a "-I$1/include -DYAML_VERSION_STRING=\"0.2.5\" -DYAML_VERSION_MAJOR=0 -DYAML_VERSION_MINOR=2 \
-DYAML_VERSION_PATCH=5" src/api.c src/reader.c src/scanner.c src/parser.c
    cp include/yaml.h "$PREFIX/include/"
}

# TLS 1.2 and 1.3 with the ciphers, curves and digests in use; no files, modules or engines are looked for on
# the host, whose openssl.cnf may name what a static program cannot load. Older releases do not know
# all the switches: those are left out. It is more than half of all compiling: without warnings and at -O1 a third
# of that is saved, and nothing lost, because its ciphers, digests and curves in use are in assembler.
build_openssl() {
    local switch switches=()
    for switch in shared dso module engine afalgeng tests apps docs async legacy ui-console autoload-config \
        comp ssl3 tls1 tls1_1 dtls quic http srp psk cms ts cmp rfc3779 nextprotoneg srtp ct ocsp sctp \
        gost ec2m dsa idea seed aria bf camellia cast des md4 mdc2 rc2 rc4 rmd160 sm2 sm3 sm4 whirlpool \
        scrypt siphash blake2 slh-dsa ml-dsa lms; do
        ! grep -q "^ *\"$switch\"," "$1/Configure" || switches+=("no-$switch")
    done
    # shellcheck disable=SC2086  # flags are words
    CC=modelhook-cc perl "$1/Configure" linux-x86_64 --prefix=/usr --libdir=lib --openssldir=/etc/ssl \
        "${switches[@]}" no-shared no-tests $STATIC_CFLAGS -O1 -w
    make -s -j"$JOBS" build_generated
    make -s -j"$JOBS" libcrypto.a libssl.a
    cp libcrypto.a libssl.a "$PREFIX/lib/"
    cp -r "$1/include/openssl" include/openssl "$PREFIX/include/"
}

# a reader of tar and a writer of GNU's: of its 122 files those that the program links. The table in write_set_format
# names all writers, in functions that the linker leaves out.
build_libarchive() {
    local files
    # shellcheck disable=SC2046  # the switches are words
    static_cmake "$1" -DENABLE_ZLIB=ON -DPOSIX_REGEX_LIB=NONE $(static_switches OFF ENABLE_ OPENSSL MBEDTLS NETTLE \
        LIBB2 LZ4 LZO LZMA ZSTD BZip2 LIBXML2 EXPAT PCREPOSIX PCRE2POSIX LIBGCC CNG ICONV ACL XATTR TAR CPIO CAT \
        UNZIP TEST WERROR)
    files=({acl,check_magic,entry,entry_sparse,entry_xattr,read,read_support_filter_none,read_support_format_tar}
        {string,string_sprintf,util,virtual,write,write_add_filter_none,write_set_format,write_set_format_gnutar})
    files=("${files[@]/#/libarchive/CMakeFiles/archive_static.dir/archive_}")
    files=("${files[@]/%/.c.o}")
    cmake --build build --target "${files[@]}"
    (cd build && ar rcsD "$PREFIX/lib/libarchive.a" "${files[@]}")
    cp "$1/libarchive/archive.h" "$1/libarchive/archive_entry.h" "$PREFIX/include/"
}

# HTTP and HTTPS through proxies, names looked up in a thread. The CA bundle is the program's to choose: it
# is found on the host at run time, and Debian's path is not everyone's. No switch leaves out the file of TLS keys
# that SSLKEYLOGFILE asks for: without the one call that opens the file, nothing writes keys, whatever is set.
build_curl() {
    sed -i '/^ *Curl_tls_keylog_open();$/d' "$1/lib/vtls/openssl.c"
    # shellcheck disable=SC2046  # the switches are words
    static_cmake "$1" -DHTTP_ONLY=ON -DENABLE_THREADED_RESOLVER=ON -DENABLE_IPV6=ON \
        -DCURL_USE_OPENSSL=ON -DOPENSSL_ROOT_DIR="$PREFIX" -DOPENSSL_USE_STATIC_LIBS=ON \
        -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_CA_FALLBACK=OFF \
        $(static_switches ON CURL_DISABLE_ OPENSSL_AUTO_LOAD_CONFIG COOKIES ALTSVC HSTS NTLM KERBEROS_AUTH \
            NEGOTIATE_AUTH DOH NETRC MIME FORM_API AWS WEBSOCKETS IPFS GETOPTIONS LIBCURL_OPTION SRP) \
        $(static_switches OFF CURL_ ENABLE_EXPORT_TARGET USE_LIBSSH2 USE_LIBSSH USE_LIBPSL USE_GSSAPI BROTLI ZSTD) \
        $(static_switches OFF BUILD_ CURL_EXE TESTING EXAMPLES LIBCURL_DOCS MISC_DOCS) \
        $(static_switches OFF USE_ LIBIDN2 NGHTTP2 LIBRTMP) \
        $(static_switches OFF ENABLE_ CURL_MANUAL MANUAL UNIX_SOCKETS)
    cmake --build build
    cp build/lib/libcurl.a "$PREFIX/lib/"
    mkdir -p "$PREFIX/include/curl"
    cp "$1"/include/curl/*.h "$PREFIX/include/curl/"
}

# static_await WORK NAME MARK: until WORK/NAME.MARK is there; where it never comes, the task that should have made
# it has failed, and this one is ended with the rest
static_await() {
    while [ ! -e "$1/$2.$3" ]; do task_pause; done
}

# static_sources WORK: fetches all, the longest build first; WORK/NAME.fetched says which version came
static_sources() {
    local name version
    echo "reading the lists of source packages"
    static_lists "$CACHE/static-sources"
    while read -r name version; do
        echo "fetching $name $version"
        static_fetch "$CACHE/static-sources" "$name" "$version" >"$1/fetching"
        cat "$1/fetching" >>"$PREFIX/sources.txt"
        mv "$1/fetching" "$1/$name.fetched"
    done < <(static_pinned)
}

# static_library WORK NAME: unpacks and builds in a folder of its own, once it has its source and what it needs
static_library() {
    local folder=$1/$2 name=$2 version need started
    static_await "$1" "$name" fetched
    for need in $(static_needs "$name"); do static_await "$1" "$need" made; done
    started=$SECONDS
    version=$(cut -d ' ' -f 2 "$1/$name.fetched")
    mkdir -p "$folder/made"
    static_unpack "$CACHE/static-sources" "$name" "$version" "$folder/source"
    cd "$folder/made" || return
    "build_$name" "$folder/source"
    cp "$folder/source/debian/copyright" "$PREFIX/licenses/$name.txt"
    echo "$name $version: $((SECONDS - started)) s" >"$1/$name.made"
}

# task_progress NAME: how far a library is, of which its compiler says nothing; the sources: what is fetched
task_progress() {
    local work=$CACHE/static-work
    if [ "$1" = sources ]; then
        tail -n 1 "${TASKS_LOG[$1]}"
    elif [ -d "$work/$1/source" ]; then
        echo "$(find "$work/$1" -name '*.o' | wc -l) files compiled"
    fi
}

# static_libraries DESTINATION: made beside it, and moved there in one step when all is done, so that what is
# there is whole. sources.txt in it tells the versions, licenses/ what they ask for.
static_libraries() {
    local work=$CACHE/static-work name names
    rm -rf "$work"
    PREFIX=$work/prefix
    mkdir -p "$PREFIX/licenses"
    export SOURCE_DATE_EPOCH=0 LC_ALL=C PATH=$PREFIX/bin:$PATH
    static_compiler "$work"
    mapfile -t names < <(static_pinned | cut -d ' ' -f 1)
    trap tasks_stop EXIT
    say "building ${names[*]}, side by side"
    task_start sources "$work/sources.log" static_sources "$work"
    for name in "${names[@]}"; do task_start "$name" "$work/$name.log" static_library "$work" "$name"; done
    task_wait sources "${names[@]}" || die "the libraries could not be built, see the logs in $work"
    for name in "${names[@]}"; do say "$(cat "$work/$name.made")"; done
    printf 'musl %s\n' "$(dpkg-query -W -f '${Version}' musl-dev)" >>"$PREFIX/sources.txt"
    cp /usr/share/doc/musl-dev/copyright "$PREFIX/licenses/musl.txt" 2>/dev/null || true
    mv "$PREFIX" "$1"
    rm -rf "$work"
}
