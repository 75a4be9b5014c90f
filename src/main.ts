// placeholder until the commands are wired
export {};
