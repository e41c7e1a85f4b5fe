# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for vireoctl: the command itself knows its verbs and the objects' names.
function __vireoctl_complete
    set -l words (commandline -opc) (commandline -ct)
    vireoctl __complete $words[2..-1] 2>/dev/null
end
complete -c vireoctl -a '(__vireoctl_complete)'
