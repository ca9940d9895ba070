# carbonedge_embed_text(OUT_VAR FILE SYMBOL): a generated .cpp defining `extern const std::string_view carbonedge::SYMBOL`
# with the text of FILE, so that a page on disk and the text a program prints cannot drift apart; and SYMBOL_sha256 with the hash of
# the text in hexadecimal digits.
function(carbonedge_embed_text out_var file symbol)
  get_filename_component(stem "${file}" NAME_WE)
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/embedded_${stem}_${symbol}.cpp")
  add_custom_command(
    OUTPUT "${generated}"
    COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${generated} -DSYMBOL=${symbol} -P
            "${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake"
    DEPENDS "${file}" "${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake"
    VERBATIM)
  set(${out_var} "${generated}" PARENT_SCOPE)
endfunction()
