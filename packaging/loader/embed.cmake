# embed.cmake - writes a Python loader as a C file: cmake -DNAME=loader -DSOURCE=MODULE.py -DOUTPUT=FILE.c -P embed.cmake
file(READ ${SOURCE} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"packaging/package/loader.h\"\n
const char ${NAME}_text[] = {\n${bytes}};
const size_t ${NAME}_size = ${size};
")
