# cmake -D ARCHIVE=libx.a -D PREFIX=name -D NM=... -D OBJCOPY=... -P RenameSymbols.cmake
# Puts `strata_` before every global symbol of the archive that begins with the prefix.
execute_process(COMMAND ${NM} --extern-only --defined-only --format=posix ${ARCHIVE}
  OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "(^|\n)${PREFIX}[A-Za-z0-9_]*" names "${symbols}")
string(REPLACE "\n" "" names "${names}")
list(REMOVE_DUPLICATES names)
set(map "")
foreach(name ${names})
  string(APPEND map "${name} strata_${name}\n")
endforeach()
file(WRITE ${ARCHIVE}.symbols "${map}")
execute_process(COMMAND ${OBJCOPY} --redefine-syms=${ARCHIVE}.symbols ${ARCHIVE} COMMAND_ERROR_IS_FATAL ANY)
