# What is installed besides the programs: pages, man pages and completions, all from docs/cli/*.md and the programs' own -h;
# and the .deb that cpack makes of it.
find_program(CARBONEDGE_LOWDOWN lowdown)

# carbonedge_pages(tool ...): for each tool that exists, its page and those of its verbs, and a man page of each.
function(carbonedge_pages)
  set(man_pages)
  foreach(tool IN LISTS ARGN)
    if(NOT TARGET carbonedge_tool_${tool})
      continue()
    endif()
    file(GLOB pages CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/docs/cli/${tool}.md" "${CMAKE_SOURCE_DIR}/docs/cli/${tool}-*.md")
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_DOCDIR}/cli)
    if(NOT CARBONEDGE_LOWDOWN)
      continue()
    endif()
    get_target_property(program carbonedge_tool_${tool} OUTPUT_NAME)
    foreach(page IN LISTS pages)
      get_filename_component(name "${page}" NAME_WE)
      string(REGEX REPLACE "^${tool}" "${program}" name "${name}")
      set(man_page "${CMAKE_BINARY_DIR}/man/${name}.1")
      add_custom_command(
        OUTPUT "${man_page}"
        COMMAND "${CMAKE_SOURCE_DIR}/scripts/man_page" "${CARBONEDGE_LOWDOWN}" "${name}" "${PROJECT_VERSION}" "${page}" "${man_page}"
        DEPENDS "${page}" "${CMAKE_SOURCE_DIR}/scripts/man_page"
        VERBATIM)
      list(APPEND man_pages "${man_page}")
    endforeach()
  endforeach()
  install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  add_custom_target(man_pages ALL DEPENDS ${man_pages})
endfunction()

# carbonedge_completions(tool ...): what bash, zsh and fish load for them, from the lists that -h prints.
function(carbonedge_completions)
  set(programs)
  set(targets)
  foreach(tool IN LISTS ARGN)
    if(TARGET carbonedge_tool_${tool})
      list(APPEND programs "$<TARGET_FILE:carbonedge_tool_${tool}>")
      list(APPEND targets carbonedge_tool_${tool})
    endif()
  endforeach()
  set(folder "${CMAKE_BINARY_DIR}/completion")
  set(bash_folder ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  set(fish_folder ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  add_custom_command(
    OUTPUT "${folder}/carbonedge" "${folder}/_carbonedge" "${folder}/carbonedge.fish"
    COMMAND "${CMAKE_SOURCE_DIR}/scripts/completions" "${folder}" ${programs}
    DEPENDS ${targets} "${CMAKE_SOURCE_DIR}/scripts/completions"
    VERBATIM)
  add_custom_target(completion ALL DEPENDS "${folder}/carbonedge")
  install(FILES "${folder}/carbonedge" DESTINATION ${bash_folder})
  # Debian's zsh looks for what packages bring elsewhere than for what is installed by hand.
  install(CODE "if(CMAKE_INSTALL_PREFIX MATCHES \"/usr$\")
                  set(zsh_folder vendor-completions)
                else()
                  set(zsh_folder site-functions)
                endif()
                file(INSTALL \"${folder}/_carbonedge\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/zsh/\${zsh_folder}\")")
  install(FILES "${folder}/carbonedge.fish" DESTINATION ${fish_folder})
  # bash and fish load the file named after the program that is typed; zsh's names them all in its first line.
  foreach(program IN LISTS targets)
    get_target_property(name ${program} OUTPUT_NAME)
    if(NOT name STREQUAL "carbonedge")
      set(share "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}")
      install(CODE "file(CREATE_LINK carbonedge \"${share}/${bash_folder}/${name}\" SYMBOLIC)
                    file(CREATE_LINK carbonedge.fish \"${share}/${fish_folder}/${name}.fish\" SYMBOLIC)")
    endif()
  endforeach()
endfunction()

set(tools carbonedge profile partition plan run report)
carbonedge_pages(${tools})
if(NOT CARBONEDGE_SANITIZE)  # it runs the programs
  carbonedge_completions(${tools})
endif()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY schemas/ DESTINATION ${CMAKE_INSTALL_DATADIR}/carbonedge/schemas FILES_MATCHING PATTERN "*.schema.json")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME carbonedge)
set(CPACK_PACKAGE_VENDOR "carbonedge")
set(CPACK_PACKAGE_CONTACT "the carbonedge authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "the carbonedge authors <carbonedge@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# LibTorch's BLAS is loaded through the alternatives, where dpkg-shlibdeps cannot see that reference BLAS would be 16 times slower.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libopenblas0-pthread")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-torchvision")
include(CPack)
