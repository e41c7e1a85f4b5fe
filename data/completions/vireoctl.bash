# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for vireoctl: the command itself knows its verbs and the objects' names.
_vireoctl()
{
  local cur=${COMP_WORDS[COMP_CWORD]}

  mapfile -t COMPREPLY < <(vireoctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # What the command has nothing to offer for may be a file.
  if [[ ${#COMPREPLY[@]} -eq 0 && $cur != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _vireoctl vireoctl
