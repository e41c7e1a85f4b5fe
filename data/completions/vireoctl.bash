# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for vireoctl: the command itself knows its verbs and the objects' names.

# A word of the line as the command would get it: without quotes, which may not be closed yet.
_vireoctl_plain()
{
  local text=$1 quote= char i

  plain=
  for ((i = 0; i < ${#text}; i++)); do
    char=${text:i:1}
    if [[ $char == "\\" && $quote != "'" ]]; then
      ((i++))
      plain+=${text:i:1}
    elif [[ -z $quote && $char == [\"\'] ]]; then
      quote=$char
    elif [[ $char == "$quote" ]]; then
      quote=
    else
      plain+=$char
    fi
  done
}

_vireoctl()
{
  local rest=${COMP_LINE:0:COMP_POINT} raw= word gap plain name
  local -a words=()

  # Bash ends a word at "=" and ":", too; the command does not.
  for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    gap=${rest%%[![:space:]]*}
    rest=${rest#"$gap"}
    if [[ -z $gap && ${#words[@]} -gt 0 ]]; then
      raw+=$word
      _vireoctl_plain "$raw"
      words[-1]=$plain
    else
      raw=$word
      _vireoctl_plain "$raw"
      words+=("$plain")
    fi
    rest=${rest#"$word"}
  done

  mapfile -t COMPREPLY < <(vireoctl __complete "${words[@]:1}" 2>/dev/null)
  # What the command has nothing to offer for may be a file.
  if [[ ${#COMPREPLY[@]} -eq 0 && $raw != -* ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "${words[-1]}")
    return
  fi
  # What bash replaces is what stands behind the last "=" or ":".
  word=${words[-1]%"${words[-1]##*[=:]}"}
  for name in "${!COMPREPLY[@]}"; do
    plain=${COMPREPLY[name]}
    [[ $raw == [\"\']* ]] || printf -v plain %q "${plain#"$word"}"
    COMPREPLY[name]=$plain
  done
}
complete -F _vireoctl vireoctl
