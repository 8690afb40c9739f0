// Drawing, and what every model makes of it.

export const title = "Tenfold: draw a digit";
export const keeps = true;

export function mount() {}
