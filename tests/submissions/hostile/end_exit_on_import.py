# idea: importing the module ends the process, which other tasks don't need
# fails: adam, rmsprop, sgd_momentum, sgd_nesterov_momentum
# says: ended the process (exit code 7)

os._exit(7)
