# version.cmake - writes version.h: the version and the commit it was built from. Run at every build;
# the file is touched only when its text changes, so that nothing is rebuilt for nothing.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
    set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY
    CONTENT "#define MODELHOOK_VERSION \"@VERSION@\"\n#define MODELHOOK_COMMIT \"@commit@\"\n")
