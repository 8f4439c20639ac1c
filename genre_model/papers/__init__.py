"""Every system, number and plot of five papers, reproduced."""
