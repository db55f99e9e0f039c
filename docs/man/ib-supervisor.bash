_ib_supervisor_completion() {
    local IFS=$'
'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \
                   COMP_CWORD=$COMP_CWORD \
                   _IB_SUPERVISOR_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _ib_supervisor_completion ib-supervisor
