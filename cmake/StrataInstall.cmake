# What is installed: the headers, one archive of all folders, the CMake package, the pkg-config file, the command.
# And the packages made of it (`make package`).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(libraries "")
get_property(folders GLOBAL PROPERTY STRATA_LIBRARIES)
foreach(folder ${folders})
  get_target_property(type ${folder} TYPE)
  if(type STREQUAL STATIC_LIBRARY)
    list(APPEND libraries ${folder})
  endif()
endforeach()
if(NOT libraries)
  return()
endif()

# The system libraries behind the archive. They are named, not located: the consumer's system finds its own.
set(system_libraries xxhash zstd lz4 z ${CMAKE_DL_LIBS})
set(development_packages libxxhash-dev libzstd-dev liblz4-dev zlib1g-dev)
if(STRATA_LMDB)
  list(PREPEND system_libraries lmdb)
  list(APPEND development_packages liblmdb-dev)
endif()
if(STRATA_ROCKSDB)
  list(PREPEND system_libraries rocksdb)
  list(APPEND development_packages librocksdb-dev)
endif()

if(STRATA_POSTGRES)
  list(PREPEND system_libraries pq)
  list(APPEND development_packages libpq-dev)
endif()

set(objects "")
foreach(library ${libraries})
  list(APPEND objects $<TARGET_OBJECTS:${library}>)
endforeach()
add_library(strata_archive STATIC ${objects})
set_target_properties(strata_archive PROPERTIES OUTPUT_NAME strata EXPORT_NAME strata LINKER_LANGUAGE CXX)
if(STRATA_SQLITE)
  # Our SQLite goes by other names inside, so that a program may link another one beside it.
  target_sources(strata_archive PRIVATE $<TARGET_OBJECTS:strata_sqlite3>)
  add_custom_command(TARGET strata_archive POST_BUILD
    COMMAND ${CMAKE_COMMAND} -D ARCHIVE=$<TARGET_FILE:strata_archive> -D PREFIX=sqlite3 -D NM=${CMAKE_NM}
      -D OBJCOPY=${CMAKE_OBJCOPY} -P ${PROJECT_SOURCE_DIR}/cmake/RenameSymbols.cmake VERBATIM)
endif()
target_compile_features(strata_archive INTERFACE cxx_std_20)
target_link_libraries(strata_archive INTERFACE Threads::Threads)
foreach(library ${system_libraries})
  target_link_libraries(strata_archive INTERFACE $<INSTALL_INTERFACE:${library}>)
endforeach()

install(TARGETS strata_archive EXPORT StrataTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/strata DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Strata)
install(EXPORT StrataTargets NAMESPACE Strata:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/StrataConfig.cmake.in ${PROJECT_BINARY_DIR}/StrataConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/StrataConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/StrataConfig.cmake ${PROJECT_BINARY_DIR}/StrataConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)

list(TRANSFORM system_libraries PREPEND -l OUTPUT_VARIABLE pkgconfig_libraries)
list(JOIN pkgconfig_libraries " " pkgconfig_libraries)
# The prefix is taken from where the file lies, so that an unpacked tar file works anywhere.
file(RELATIVE_PATH pkgconfig_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/strata.pc.in ${PROJECT_BINARY_DIR}/strata.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/strata.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

foreach(document README.md CHANGELOG.md)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${document})
    install(FILES ${PROJECT_SOURCE_DIR}/${document} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT command)
  endif()
endforeach()
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)

if(TARGET strata)
  install(TARGETS strata RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
  if(NOT STRATA_SANITIZE)
    set(completion_dir ${PROJECT_BINARY_DIR}/completion)
    install(CODE "
      file(MAKE_DIRECTORY ${completion_dir})
      foreach(shell bash zsh fish)
        execute_process(COMMAND $<TARGET_FILE:strata> completion \${shell} OUTPUT_FILE ${completion_dir}/\${shell}
          RESULT_VARIABLE failed ERROR_QUIET)
        if(failed)
          file(REMOVE ${completion_dir}/\${shell})
        endif()
      endforeach()" COMPONENT command)
    install(FILES ${completion_dir}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
      RENAME strata COMPONENT command OPTIONAL)
    install(FILES ${completion_dir}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
      RENAME _strata COMPONENT command OPTIONAL)
    install(FILES ${completion_dir}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
      RENAME strata.fish COMPONENT command OPTIONAL)
  endif()
endif()

# Packages: a tar file with everything, and for Debian `strata` (the command) and `libstrata-dev` (what programs link).
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_NAME strata)
set(CPACK_PACKAGE_VENDOR "Strata")
set(CPACK_PACKAGE_CONTACT "Strata maintainers <strata@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL development)
if(TARGET strata)
  list(APPEND CPACK_COMPONENTS_ALL command)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${CPACK_PACKAGE_CONTACT}")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME strata)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION database)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libstrata-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
list(JOIN development_packages ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
include(CPack)
