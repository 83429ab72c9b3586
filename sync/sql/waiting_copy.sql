COPY sync_waiting FROM STDIN
